"""A POST to a webhook, whose address is a secret: no error says it, nor does anything that the address answers."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential

from sf_elt.alerts.errors import ChannelUnusable, NotDelivered
from sf_elt.salesforce.connection.addresses import is_address, is_safe

TIMEOUT = (3.05, 5.0)
"""Seconds to connect, and to be answered."""

ATTEMPTS, PATIENCE = 3, 8.0
"""How often, and for how many seconds, one message is tried before it waits for the next tick."""

_FAULTS: tuple[tuple[type[requests.RequestException], str], ...] = (
    (requests.exceptions.SSLError, "its certificate is not accepted"),
    (requests.exceptions.ProxyError, "the proxy refuses"),
    (requests.exceptions.ConnectTimeout, "it cannot be reached in time"),
    (requests.exceptions.ReadTimeout, "it does not answer in time"),
    (requests.exceptions.ConnectionError, "it cannot be reached"),
)
_AGAIN = wait_exponential(multiplier=0.5, max=4)


def require_address(address: str, variable: str) -> None:
    """Raises ChannelUnusable for what is no address, or would be sent unencrypted; it names the variable only."""
    if not is_address(address):
        raise ChannelUnusable(f"what {variable} holds is no address like https://…")
    if not is_safe(address):
        raise ChannelUnusable(
            f"what {variable} holds begins with http://, which is for this machine only: use https://"
        )


def post_json(address: str, body: Mapping[str, object], headers: Mapping[str, str]) -> None:
    """Posts it; tries again what may go well the next time. Raises NotDelivered with a reason that holds no secret."""
    attempts = Retrying(
        retry=retry_if_exception(_may_go_well),
        wait=_wait,
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(PATIENCE),
        reraise=True,
    )
    attempts(_post, address, body, headers)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Drops what urllib3 logs at DEBUG of the requests of this thread: their addresses, which are secrets here."""
    here = threading.get_ident()
    loggers = [logging.getLogger(name) for name in ("urllib3.connectionpool", "urllib3.util.retry")]

    def of_others(record: logging.LogRecord) -> bool:
        return record.thread != here

    for each in loggers:
        each.addFilter(of_others)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(of_others)


@_unlogged()
def _post(address: str, body: Mapping[str, object], headers: Mapping[str, str]) -> None:
    try:
        with requests.post(
            address,
            json=body,
            headers=dict(headers),
            auth=lambda request: request,  # else a password of ~/.netrc would go there, in the token's place
            proxies={"http": ""},  # what is not encrypted stays on this machine
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as reply:
            status, after = reply.status_code, _seconds(reply.headers.get("Retry-After"))
    except (requests.RequestException, ValueError, OSError) as error:
        reason = next((says for kind, says in _FAULTS if isinstance(error, kind)), "the request fails")
        raise NotDelivered(reason, is_passing=True) from None  # the cause names the address
    if not 200 <= status < 300:
        raise NotDelivered(f"it answers HTTP {status}", is_passing=status in (408, 429) or status >= 500, after=after)


def _may_go_well(error: BaseException) -> bool:
    """Not where it asks for more patience than there is within a tick."""
    return isinstance(error, NotDelivered) and error.is_passing and (error.after or 0) <= PATIENCE


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.after if isinstance(error, NotDelivered) and error.after is not None else _AGAIN(state)


def _seconds(retry_after: str | None) -> float | None:
    """Of a header Retry-After, in seconds or as a date; None where there is none that can be read."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
