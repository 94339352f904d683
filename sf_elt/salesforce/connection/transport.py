"""Every HTTP call to the org: counted before it leaves, bounded in time, repeated where that is safe.

It is an adapter of `requests`, so that simple-salesforce, which knows nothing of it, is counted and repeated as well.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.utils import rewind_body
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError, ProxyError

from sf_elt.salesforce.connection import halting
from sf_elt.salesforce.connection.bounds import Bounds, read_body, watch_heads
from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.connection.metering import CallMeter
from sf_elt.salesforce.connection.network_faults import has_never_arrived, in_words, is_cut_off, reason_of
from sf_elt.salesforce.connection.no_answers import refuse_part, refuse_redirect
from sf_elt.salesforce.connection.refused_logins import passing
from sf_elt.salesforce.connection.safe_to_repeat import (
    is_login,
    is_login_path,
    is_repeatable,
    is_untried,
    is_worth_repeating,
    path_of,
)
from sf_elt.salesforce.errors import (
    AllowanceSpent,
    AuthenticationFailed,
    OrgUnavailable,
    SalesforceError,
    broken_reply,
    error_from,
    error_inside,
    is_busy,
    is_web_page,
)

log = logging.getLogger(__name__)

TIMEOUTS = (10.0, 120.0)  # seconds to connect, and between two bytes
MOST_RENEWALS = 3  # for one request: the session of another thread, that of another process, one of our own
MOST_AT_ONCE = 16  # connections that are kept for further requests
ORG_PAUSE = timedelta(hours=1)  # the org does not say when its rolling allowance frees calls
CLOCKS_AGREE = timedelta(seconds=5)  # `Date` has whole seconds, and servers keep it for one or two
_Http = TypeVar("_Http", bound=requests.Session)
_USAGE = re.compile(r"(?:^|[;,\s])api-usage=([0-9]{1,12})/([0-9]{1,12})(?![0-9])")
_A_PAGE = re.compile(rb"<!doctype html|<html|<head|<body", re.IGNORECASE)


@dataclass(frozen=True)
class Patience:
    """How often a call is made at most, and how long to wait between (seconds): doubling, with jitter.

    `longest_asked` bounds what is waited where the org says how long, `timeouts` are for connecting, and between bytes.
    """

    attempts: int = 6
    first_wait: float = 0.25
    longest_wait: float = 60.0
    longest_asked: float = float("inf")
    timeouts: tuple[float, float] = TIMEOUTS


IN_PERSON = Patience(attempts=3, longest_asked=5.0, timeouts=(4.0, 120.0))
"""For somebody who waits at a terminal: a moment's fault is mended, and an org that is away is known in seconds."""

LITTLE_PATIENCE = Patience(attempts=2, longest_asked=1.0, timeouts=(4.0, 30.0))
"""For somebody who only looks, and would rather know soon that nobody answers."""


class OrgTransport(HTTPAdapter):
    """Sends requests to one org, also of several threads at a time.

    Raises SalesforceError for whatever is no success: OrgUnavailable once patience is spent, AllowanceSpent before a
    call that the meter does not allow, AuthenticationFailed where the session cannot be renewed. Halted in a thread
    that nobody waits for any more (`halting`).
    """

    def __init__(
        self,
        login: Login,
        meter: CallMeter | None = None,
        patience: Patience | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        bounds: Bounds | None = None,
    ) -> None:
        self.bounds = bounds or Bounds.from_env()
        super().__init__(pool_maxsize=MOST_AT_ONCE)
        self.login = login
        self.meter = meter
        self.patience = patience or Patience()
        self.clock = clock
        self.token: str | None = None
        self.host: str | None = None
        self.allowance: tuple[int, int] | None = None
        self.behind = timedelta()
        self.clock_differs: timedelta | None = None  # how far the org's clock is ahead of ours, as it last said
        self.renew: Callable[[str], bool] | None = None  # takes the ended session's token; whether the next is new
        self.has_asked_anew = False  # where the org is, since nobody was at its address
        self._second_answers: WeakSet[requests.Response] = WeakSet()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  as requests hands them on
        super().init_poolmanager(*arguments, **named)
        watch_heads(self.poolmanager, self.bounds)

    def proxy_manager_for(self, proxy: str, **named: Any) -> PoolManager:  # noqa: ANN401  as requests hands them on
        manager: PoolManager = super().proxy_manager_for(proxy, **named)
        watch_heads(manager, self.bounds)
        return manager

    def is_second_answer(self, response: requests.Response) -> bool:
        """Whether the same request may have been carried out before, when its answer was lost."""
        return response in self._second_answers

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        request.url = self._address(request.url or "")
        plain = request.url.startswith("http://")
        repeatable = is_repeatable(request)
        meter = self.meter  # of the run that asks: a thread that outlives its run must not spend another's calls
        lost: list[OrgUnavailable] = []  # answers of attempts that may have been carried out

        def once() -> requests.Response:
            try:
                return self._once(
                    request,
                    meter,
                    stream=stream,
                    timeout=timeout or self.patience.timeouts,
                    verify=verify,
                    cert=cert,
                    proxies={} if plain else proxies,
                )
            except OrgUnavailable as error:
                if not is_untried(error):
                    lost.append(error)
                raise

        attempts = Retrying(
            retry=retry_if_exception(lambda error: is_worth_repeating(error, repeatable)),
            wait=self._wait,
            stop=stop_after_attempt(self.patience.attempts),
            sleep=halting.sleep,
            before_sleep=_say_what_is_repeated,
            reraise=True,
        )

        def answered() -> requests.Response:
            try:
                response = attempts(once)
                is_ended = response.status_code == 401 and not is_login(request)
                return self._renewed(request, response, attempts, once) if is_ended else response
            except OrgUnavailable as error:
                times = attempts.statistics["attempt_number"]
                if times > 1:
                    error.args = (f"{error} (tried {times} times: run it again later)",)
                raise

        try:
            response = answered()
        except OrgUnavailable as error:
            if not is_worth_repeating(error, repeatable) or not self._finds_elsewhere(request, error):
                raise
            response = answered()
        if lost:
            self._second_answers.add(response)
        return response

    def _once(self, request: requests.PreparedRequest, meter: CallMeter | None, **how: object) -> requests.Response:
        """One HTTP call. A 401 is returned, for the caller to renew the session; other refusals are raised."""
        if self.token is not None and not is_login(request) and urlsplit(request.url or "").netloc == self.host:
            request.headers["Authorization"] = f"Bearer {self.token}"
        halting.require_wanted()
        if hasattr(request.body, "seek"):
            rewind_body(request)
        _count(request, meter)
        where = f"{request.method} {path_of(request)}"
        try:
            sent_at = self.clock()
            response = super().send(request, **how)  # type: ignore[arg-type]  # handed on as requests gave them
            self._note_clock(response, sent_at)
            is_read = not how["stream"] or response.status_code >= 300 or is_web_page(response)
            if is_read:  # here, where a dropped connection can still be repeated
                read_body(response, self.bounds, where)
        except requests.exceptions.SSLError as error:
            reason = reason_of(error)
            if is_cut_off(reason):
                raise OrgUnavailable(f"{where}: the TLS connection broke off") from reason
            raise SalesforceError(f"{where}: no trusted connection: {reason}") from reason
        except requests.exceptions.RequestException as error:
            reason = reason_of(error)
            never_arrived = has_never_arrived(reason)
            is_of_setting = never_arrived or isinstance(reason, ProxyError)
            hint = f" ({self._setting_of(request, reason)})" if is_of_setting else ""
            raise OrgUnavailable(f"{where}: {in_words(reason)}{hint}", never_arrived=never_arrived) from reason
        except HTTPError as error:
            raise OrgUnavailable(f"{where}: {in_words(error)}") from error
        except OSError as error:
            if " TLS " not in str(error):  # what requests says of a file of certificates that is not there
                raise
            raise SalesforceError(f"{where}: {error}: is REQUESTS_CA_BUNDLE right?") from error
        self._note_allowance(response, meter)
        refuse_redirect(response, where)
        refuse_part(response, where)
        self._refuse_passing(request, response, where)
        if response.status_code == 401 or _is_for_the_caller(request, response):
            return response
        if response.status_code < 400:
            broken = broken_reply(response) if is_read and response.status_code < 300 else None
            if broken is not None:
                raise broken
            return response
        now = self.clock()
        raise error_from(response, now=now, next_try=now + ORG_PAUSE)

    def _refuse_passing(self, request: requests.PreparedRequest, response: requests.Response, where: str) -> None:
        """Raises for a login that the org has no time for: it is not refused to this user, and tried again."""
        found = passing(response.content) if response.status_code >= 400 and is_login(request) else None
        if found is not None:
            code, status = found
            raise error_inside(where, status, {"errorCode": code}, next_try=self.clock() + ORG_PAUSE)

    def _renewed(
        self,
        request: requests.PreparedRequest,
        refused: requests.Response,
        attempts: Retrying,
        once: Callable[[], requests.Response],
    ) -> requests.Response:
        """Renews the session once and repeats; an expired password is not cured by that and raises at once."""
        now = self.clock()
        error = error_from(refused, now=now, next_try=now + ORG_PAUSE)
        if error.code != "INVALID_SESSION_ID" or self.renew is None:
            raise error
        log.info("the session has ended: it is renewed for %s %s", request.method, path_of(request))
        for _ in range(MOST_RENEWALS):
            before = self.host
            is_new = self.renew(str(request.headers.get("Authorization", "")).removeprefix("Bearer "))
            self._readdress(request, before)
            response = attempts(once)
            if response.status_code != 401:
                return response
            if is_new:
                break
        raise AuthenticationFailed(f"the org refuses the session it has just opened ({error})", status=401)

    def _finds_elsewhere(self, request: requests.PreparedRequest, error: OrgUnavailable) -> bool:
        """Whether the org has moved to another host since its session was opened; the request then goes there.

        An org keeps its login address when its instance, or its My Domain, changes, and a session that is kept has the
        old one. Asked once, where nobody is there or somebody sends us elsewhere: a login may be a call.
        """
        is_gone = error.never_arrived or 300 <= (error.status or 0) < 400
        before = self.host
        asked_there = before is not None and urlsplit(request.url or "").netloc == before and not is_login(request)
        if not is_gone or not asked_there or self.renew is None or self.has_asked_anew:
            return False
        self.has_asked_anew = True
        log.info("%s: whether the org is elsewhere now is asked where it logs in", error)
        try:
            self.renew(self.token or "")
        except SalesforceError as refused:
            log.info("the org is not found elsewhere: %s", refused)
            return False
        return self._readdress(request, before)

    def _readdress(self, request: requests.PreparedRequest, before: str | None) -> bool:
        """Sends the request where the new session is; whether that is another host than before."""
        parts = urlsplit(request.url or "")
        if self.host in (None, before) or parts.netloc != before:
            return False
        request.url = self._address(f"https://{self.host}{parts.path}{'?' if parts.query else ''}{parts.query}")
        return True

    def _setting_of(self, request: requests.PreparedRequest, reason: Exception) -> str:
        """Which setting names the host that does not answer."""
        if isinstance(reason, ProxyError):
            return (
                "is HTTPS_PROXY right, with a name and password if it wants them? NO_PROXY names hosts to reach without"
            )
        host = urlsplit(request.url or "").netloc
        if is_login(request):
            return f"nobody answers at {host}: is SALESFORCE_LOGIN_URL right?"
        if self.login.kept is not None and self.host == host:
            return f"nobody answers at {host}, where the org was when `sf-elt login {self.login.kept.name}` last ran"
        if self.login.instance_url is not None and urlsplit(self.login.instance_url).netloc == host:
            return f"nobody answers at {host}: is SALESFORCE_INSTANCE_URL right?"
        return f"nobody answers at {host}, the address that the login gave: is SALESFORCE_LOGIN_URL right?"

    def _note_clock(self, response: requests.Response, sent_at: datetime) -> None:
        """How far the org's clock runs behind ours: its `Date` was not made before `sent_at`."""
        try:
            said = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError, OverflowError):
            return
        if said.tzinfo is None:  # -0000, of a server that does not know its zone
            return
        self.clock_differs = said - sent_at
        behind = sent_at - said
        self.behind = behind if behind > CLOCKS_AGREE else timedelta()

    def _note_allowance(self, response: requests.Response, meter: CallMeter | None) -> None:
        usage = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if usage is None:
            return
        self.allowance = int(usage[1]), int(usage[2])
        if meter is not None:
            meter.note_allowance(*self.allowance)

    def _address(self, url: str) -> str:
        """simple-salesforce writes https:// and login.salesforce.com into every address; here come the real ones."""
        parts = urlsplit(url)
        login = urlsplit(self.login.login_url)
        if parts.hostname == f"{self.login.domain}.salesforce.com" and is_login_path(parts.path):
            return urlunsplit((login.scheme, login.netloc, parts.path, parts.query, ""))
        given = [urlsplit(address) for address in (self.login.instance_url, self.login.login_url) if address]
        if any(address.scheme == "http" and address.netloc == parts.netloc for address in given):
            return urlunsplit(("http", parts.netloc, parts.path, parts.query, ""))
        return url

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, OrgUnavailable) and error.retry_after is not None:
            return min(error.retry_after, self.patience.longest_asked)
        # Too many long requests at once: these are requests that take more than 20 seconds.
        slower = 8.0 if isinstance(error, OrgUnavailable) and error.code == "REQUEST_LIMIT_EXCEEDED" else 1.0
        wait = self.patience.first_wait * slower * 2.0 ** (state.attempt_number - 1)
        longest = min(self.patience.longest_wait, wait)
        return uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret


def carried_by(adapter: HTTPAdapter, http: _Http) -> _Http:
    """The session, with all that it sends carried by the adapter, and with what we say ourselves of who we are.

    requests would look into ~/.netrc, and put a password for the host that stands there into the place of our token.
    It goes on looking at HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE.
    """
    http.mount("https://", adapter)
    http.mount("http://", adapter)
    http.auth = _as_it_is
    return http


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _count(request: requests.PreparedRequest, meter: CallMeter | None) -> None:
    """Reserves the call. OAuth token requests do not count against an org's allowance; a SOAP login does."""
    path = path_of(request)
    if meter is None or path.startswith("/services/oauth2/"):
        return
    pause = meter.reserve_call(request.method or "", path)
    if pause is not None:
        raise AllowanceSpent(f"{pause.reason}, paused until {pause.until:%Y-%m-%d %H:%M} UTC", until=pause.until)


def _is_for_the_caller(request: requests.PreparedRequest, response: requests.Response) -> bool:
    """A login that fails, and whatever SOAP answers, is for the caller to read: its faults have status 500."""
    path = path_of(request)
    is_soap = path.startswith("/services/Soap/") or is_login_path(path)
    if is_web_page(response) and _A_PAGE.search(response.content[:2000]) and response.status_code != 500:
        return False  # of a proxy, say, whatever the call: it knows nothing of passwords
    return is_soap and (response.status_code == 500 or not is_busy(response.status_code))


def _say_what_is_repeated(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("attempt %d failed, next in %.1f s: %s", state.attempt_number, wait, error)
