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
from sf_elt.alerts.messages import Links, Message, message_about, summary_of
from sf_elt.alerts.notices import Notice, claim, cross_off, put_off, sum_up, summed_up
from sf_elt.salesforce.connection.halting import begun

SECONDS = 20.0
"""After so long a tick begins with no further message; Dagster gives up on a tick after 60."""

LONGEST = 40.0
"""After so long nobody waits for a channel that has begun to take a message, and does not end."""

LONGEST_WAIT = timedelta(hours=1)

REFUSED = 2
"""After so many refusals in a row it is the channel, and not the message, that something is wrong with."""


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
    that is down is tried again after the time that it asks for, or after a minute, two, four, … to an hour. A message
    that it refuses for good is as well, and the ones behind it go meanwhile.
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
    sent, refusals, fault = 0, 0, None
    sum_up(book.file, channel.name, now=clock())
    while time.monotonic() < until and (notice := claim(book.file, channel.name, now=clock())) is not None:
        try:
            channel.send(_message(book, notice, links))
        except PartlyDelivered as refused:
            fault = str(refused)
        except NotDelivered as error:
            fault, now = str(error), clock()
            refused_because = None if error.is_passing else fault
            put_off(book.file, notice, until=now + _wait(notice, error), now=now, refused_because=refused_because)
            refusals += 1
            if error.is_passing or refusals == REFUSED:
                break
            continue
        cross_off(book.file, notice, now=clock())
        sent, refusals = sent + 1, 0
    return Delivered(channel.name, sent, fault)


def _message(book: IncidentBook, notice: Notice, links: Links) -> Message:
    if notice.event == "summary":
        told = [(book.incident(incident), event) for incident, event in summed_up(book.file, notice)]
        return summary_of(told, notice.incident, notice.id, links)
    return message_about(book.incident(notice.incident), notice.event, notice.id, links)


def _wait(notice: Notice, error: NotDelivered) -> timedelta:
    if error.after is not None:
        return timedelta(seconds=min(error.after, 24 * 3600))
    return min(LONGEST_WAIT, timedelta(minutes=2 ** min(notice.tries, 6)))
