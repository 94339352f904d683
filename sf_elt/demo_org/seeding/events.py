"""Web events of two years as JSON Lines, one file a month, for the people of the org with the same seed.

    written = write_events(Path("events"), seed=7, records=5_000, now=datetime.now(UTC))
    written.lines, written.bad_lines

A line is an object with `event_id` (unique), `occurred_at` (ISO 8601, most in UTC), `type` (one of TYPES), `url`,
`title`, `topics` (a list) and `properties` (an object). Who it was: page views and the like carry the cookie as
`anonymous_id`, opened and clicked newsletters the `email`, and `identify` and `form` events both. As in real life some
emails come in other letter case and with white space, and one cookie, KIOSK, was used by many people.
`BAD_LINES` stand among the good ones, each at most once a run, the way broken senders leave them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.seeding.columns import choose, digits, join, pick, where
from sf_elt.demo_org.seeding.history import Flags, Rows
from sf_elt.demo_org.seeding.plan import Plan, plan_org
from sf_elt.demo_org.seeding.site import PAGES_A_TOPIC, TOPICS, build_site
from sf_elt.demo_org.seeding.visits import Visits, draw_visits

TYPES = ("pageview", "video", "download", "search", "form", "email_open", "email_click", "identify")
_TYPE_WEIGHTS = (80, 4, 4, 3, 2, 4, 3)
_FORM, _EMAIL_OPEN, _EMAIL_CLICK, _IDENTIFY = 4, 5, 6, 7

KIOSK = "cookie-of-the-lobby-tablet"
"""The cookie of a tablet for guests, which identifies a different person each time."""
_KIOSK_PEOPLE = 15

BAD_LINES: tuple[bytes, ...] = (
    b'{"event_id": "bad-1", "occurred_at": "2026-01-05T10:00:00Z", "type": "pagev',
    b'{"event_id": "bad-2", "type": "pageview", "anonymous_id": "cookie-without-time", "topics": ["Data"]}',
    b"503 Service Unavailable: upstream connect error",
    b'{"event_id": "bad-4", "occurred_at": "2026-01-05T10:00:00Z", "type": "pageview", "title": "caf\xe9"}',
    b'{"event_id": "bad-5", "occurred_at": "yesterday at noon", "type": "pageview", "anonymous_id": "cookie-x"}',
    b'["bad-6", "2026-01-05T10:00:00Z", "pageview"]',
)
"""Cut off, without a time, not JSON, not UTF-8, a time that is none, and JSON that is no object."""


@dataclass(frozen=True)
class EventsWritten:
    """`lines` counts all lines, the `bad_lines` among them included."""

    files: tuple[Path, ...]
    lines: int
    bad_lines: int


def write_events(folder: Path, *, seed: int, records: int, now: datetime) -> EventsWritten:
    """Writes `web_events_YYYY-MM.jsonl` files into `folder` (made where missing), over files of those names.

    About ten events for each of `records` (leads plus contacts), so 50,000 at the default size of 5,000. The same
    seed, records and day of `now` give the same bytes. Raises `ValueError` as `seed_org` does.
    """
    told = _tell(plan_org(seed=seed, records=records, now=now))
    month = told.visits.at[told.order].astype("datetime64[ms]").astype("datetime64[M]")
    months, first = np.unique(month, return_index=True)
    bad = np.array_split(np.arange(len(BAD_LINES)), len(months))
    folder.mkdir(parents=True, exist_ok=True)
    files, lines = [], 0
    for name, start, end, bad_here in zip(months, first, [*first[1:], month.size], bad, strict=True):
        file = folder / f"web_events_{name}.jsonl"
        lines += _write(file, _lines(told, int(start), int(end)), [BAD_LINES[number] for number in bad_here])
        files.append(file)
    return EventsWritten(tuple(files), lines, len(BAD_LINES))


def write_sample(file: Path, *, seed: int, records: int, now: datetime, lines: int = 450) -> EventsWritten:
    """Writes one small file: the last `lines` events of every fourth visitor, and three of the BAD_LINES."""
    told = _tell(plan_org(seed=seed, records=records, now=now), every=4)
    count = told.order.size
    bad = list(BAD_LINES[:3])
    return EventsWritten((file,), _write(file, _lines(told, max(0, count - lines), count), bad), len(bad))


def _write(file: Path, good: pa.Array, bad: list[bytes]) -> int:
    """Good lines with the bad ones spread among them; gives how many there are."""
    lines = [line.encode() for line in good.to_pylist()]
    for number, line in enumerate(bad, start=1):
        lines.insert(len(lines) * number // (len(bad) + 1), line)
    file.write_bytes(b"\n".join(lines) + b"\n")
    return len(lines)


@dataclass(frozen=True)
class _Told:
    """What every event says, before it is text: numbers in the order of `visits`, and `order` by time."""

    plan: Plan
    visits: Visits
    kind: Rows
    page: Rows
    at_kiosk: Flags
    order: Rows


def _tell(plan: Plan, every: int = 1) -> _Told:
    """All events, or those of `every` n-th visitor."""
    rng, visits = plan.rng("events"), draw_visits(plan)
    kind, page = _kinds(rng, visits), _pages(rng, visits)
    identifying = np.flatnonzero(visits.identifies)
    at_kiosk = np.zeros(kind.size, dtype=bool)
    _, once = np.unique(visits.visitor[identifying], return_index=True)
    at_kiosk[identifying[once[once.size // 3 :][:_KIOSK_PEOPLE]]] = True
    order = np.lexsort((visits.visitor, visits.at))
    order = order[visits.visitor[order] % every == 0]
    return _Told(plan, visits, kind, page, at_kiosk, order)


def _lines(told: _Told, start: int, end: int) -> pa.Array:
    """The lines number `start` to `end` in order of time; a month at a time keeps a large org's memory small."""
    rows, site, rng = told.order[start:end], build_site(), told.plan.rng(f"event lines from {start}")
    kind, page, visits = told.kind[rows], told.page[rows], told.visits
    email = _typed_emails(rng, pick(visits.email, visits.visitor[rows]))
    cookie = join("cookie-", digits(visits.cookie[rows], 8))
    cookie = where(told.at_kiosk[rows], pa.scalar(KIOSK), cookie)
    only_email = (kind == _EMAIL_OPEN) | (kind == _EMAIL_CLICK)
    says_who = only_email | (kind == _FORM) | (kind == _IDENTIFY)
    return join(
        join('{"event_id":"', f"evt-{told.plan.seed}-", digits(np.arange(start, end), 8)),
        join('","occurred_at":"', _iso(rng, visits.at[rows])),
        join('","type":"', pick(pa.array(TYPES), kind), '"'),
        _optional(',"email":"', email, says_who),
        _optional(',"anonymous_id":"', cookie, ~only_email),
        join(',"url":', pick(site.url, page)),
        join(',"title":', pick(site.title, page)),
        join(',"topics":', pick(site.topics, page)),
        join(',"properties":', _properties(rng, kind), "}"),
    )


def _optional(key: str, value: pa.Array, given: Flags) -> pa.Array:
    """The member with its closing quote, or nothing at all where it is not given."""
    return where(given, join(key, value, '"'), pa.scalar(""))


def _kinds(rng: np.random.Generator, visits: Visits) -> Rows:
    """What each event is; who never told an email neither fills in forms nor gets newsletters."""
    weights = np.array(_TYPE_WEIGHTS, dtype=float)
    kind = rng.choice(weights.size, size=visits.visitor.size, p=weights / weights.sum())
    anonymous = np.asarray(visits.email.is_null())[visits.visitor]
    kind = np.where(anonymous & (kind >= _FORM), 0, kind)
    return np.where(visits.identifies, _IDENTIFY, kind)


def _pages(rng: np.random.Generator, visits: Visits) -> Rows:
    """Two of three pages are about one of the visitor's two favourite topics."""
    favourites = rng.integers(0, len(TOPICS), (len(visits.email), 2))
    count = visits.visitor.size
    favourite = favourites[visits.visitor, (rng.random(count) < 0.35).astype(np.int64)]
    topic = np.where(rng.random(count) < 0.67, favourite, rng.integers(0, len(TOPICS), count))
    return topic * PAGES_A_TOPIC + rng.integers(0, PAGES_A_TOPIC, count)


def _typed_emails(rng: np.random.Generator, email: pa.Array) -> pa.Array:
    """Emails as people type them: 3 % with capitals, 2 % in capitals, 2 % with white space around."""
    chance = rng.random(len(email))
    typed = where(chance < 0.07, pc.utf8_title(email), email)
    typed = where(chance < 0.04, pc.utf8_upper(email), typed)
    return where(chance < 0.02, join(" ", pc.utf8_title(email), " "), typed)


def _iso(rng: np.random.Generator, at: np.ndarray) -> pa.Array:
    """ISO 8601 with milliseconds in UTC; one of a hundred as the clock in Berlin's summer shows it (+02:00)."""
    abroad = rng.random(at.size) < 0.01
    shown = pa.array(at + np.where(abroad, 7_200_000, 0)).cast(pa.timestamp("ms"))
    text = pc.strftime(shown, format="%Y-%m-%dT%H:%M:%S")
    return join(text, where(abroad, pa.scalar("+02:00"), pick(pa.array(["Z"]), np.zeros(at.size, dtype=np.int64))))


def _properties(rng: np.random.Generator, kind: Rows) -> pa.Array:
    """A JSON object that suits the type: time on page, file, form, search text or newsletter."""
    count = kind.size
    seconds = digits(rng.integers(3, 600, count))
    referrer = choose(rng, ['"https://search.example/"', '"https://news.example/a?b=c&d"', "null"], count)
    of_page = join('{"seconds":', seconds, ',"referrer":', referrer, "}")
    file = join('{"file":"paper-', digits(rng.integers(1, 40, count)), '.pdf"}')
    form = join('{"form":"', choose(rng, ["demo-request", "newsletter", "contact", "event-signup"], count), '"}')
    search = join('{"query":"', choose(rng, ["price", 'how do I \\"export\\"?', "Größe", "api 🔑"], count), '"}')
    mail = join('{"newsletter":', digits(rng.integers(1, 105, count)), "}")
    nothing = pick(pa.array(["{}"]), np.zeros(count, dtype=np.int64))
    return pc.choose(pa.array(kind), of_page, of_page, file, search, form, mail, mail, nothing)
