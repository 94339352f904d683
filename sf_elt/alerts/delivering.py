"""Telling the channels what is queued for them; one that is down holds up no other."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sf_elt.alerts.channels import Channel, PartlyDelivered
from sf_elt.alerts.errors import NotDelivered
from sf_elt.alerts.incidents import IncidentBook
from sf_elt.alerts.messages import Links, message_about
from sf_elt.alerts.notices import claim, cross_off, put_off
from sf_elt.salesforce.connection.halting import begun

SECONDS = 20.0
"""After so long a tick begins with no further message; Dagster gives up on a tick after 60."""

LONGEST = 40.0
"""After so long nobody waits for a channel that has begun to take a message, and does not end."""

LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Delivered:
    """What became of the messages of one channel. `fault`: why not all of them went; it holds no secret."""

    channel: str
    sent: int
    fault: str | None = None


def deliver(
    book: IncidentBook, channels: Sequence[Channel], links: Links, clock: Callable[[], datetime]
) -> list[Delivered]:
    """Sends each channel what it is to be told now, in order, until it refuses or time is up; what is left waits.

    All of them at once: one that drips its answer, or has a name that nobody resolves, takes no other's time. A channel
    that refuses is tried again after the time that it asks for, or after a minute, two, four, … to an hour.
    """
    began = time.monotonic()
    telling = [(each.name, begun(partial(_tell, book, each, links, clock, began + SECONDS))) for each in channels]
    return [_told(name, told, began + LONGEST - time.monotonic()) for name, told in telling]


def _told(channel: str, told: Future[Delivered], seconds: float) -> Delivered:
    """What became of it. A message that is on its way stays claimed for a while: nobody sends it a second time."""
    try:
        return told.result(max(0.0, seconds))
    except TimeoutError:
        return Delivered(channel, 0, "it has begun to take one, and does not end")


def _tell(book: IncidentBook, channel: Channel, links: Links, clock: Callable[[], datetime], until: float) -> Delivered:
    sent, fault = 0, None
    while time.monotonic() < until and (notice := claim(book.file, channel.name, now=clock())) is not None:
        try:
            channel.send(message_about(book.incident(notice.incident), notice.event, notice.id, links))
        except PartlyDelivered as refused:
            fault = str(refused)
        except NotDelivered as error:
            wait = min(LONGEST_WAIT, timedelta(minutes=2 ** min(notice.tries, 6)))
            wait = wait if error.after is None else timedelta(seconds=min(error.after, 24 * 3600))
            put_off(book.file, notice, until=clock() + wait)
            return Delivered(channel.name, sent, str(error))
        cross_off(book.file, notice, now=clock())
        sent += 1
    return Delivered(channel.name, sent, fault)
