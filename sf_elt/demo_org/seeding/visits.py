"""Who visits the web site, how often, with which cookies: sessions and their events as numbers.

A visitor behaves in one of the ways of `BEHAVIOURS`. Most visitors are people of the org; some have an email that the
org does not know, and many come once and stay anonymous.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sf_elt.demo_org.seeding.columns import digits, join, ordinals, pick
from sf_elt.demo_org.seeding.history import DAY, Flags, Moments, Rows
from sf_elt.demo_org.seeding.plan import Plan

DEVICES = 3


@dataclass(frozen=True)
class Behaviour:
    """`sessions` and `events` (a session) are least and most. A visitor comes every `period` days up to the end, or at
    any time between `oldest` and `newest` days before the end."""

    name: str
    share: float
    sessions: tuple[int, int]
    events: tuple[int, int]
    oldest: int
    newest: int
    period: int | None = None


BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour("daily", 0.02, (80, 160), (2, 6), oldest=3, newest=0, period=1),
    Behaviour("weekly", 0.09, (15, 60), (2, 6), oldest=8, newest=0, period=7),
    Behaviour("binge", 0.07, (1, 4), (20, 45), oldest=365, newest=0),
    Behaviour("dormant", 0.25, (2, 6), (2, 5), oldest=725, newest=200),
    Behaviour("newly active", 0.10, (2, 7), (2, 7), oldest=14, newest=0),
    Behaviour("occasional", 0.47, (1, 4), (2, 5), oldest=725, newest=0),
)
ONE_OFF = Behaviour("one-off", 1.0, (1, 1), (1, 3), oldest=725, newest=0)

_KNOWN_SHARE = 0.24  # visitors known to the org, unknown ones with an email, anonymous ones: each of `records`
_UNKNOWN_SHARE = 0.015
_ANONYMOUS_SHARE = 0.5


@dataclass(frozen=True)
class Visits:
    """Events in no particular order, `at` in milliseconds since 1970. `visitor` numbers `email`, which is null for
    anonymous visitors; `cookie` is unique to a visitor and device; `identifies` marks the events that say who it is."""

    email: pa.Array
    behaviour: Rows
    visitor: Rows
    session: Rows
    cookie: Rows
    at: npt.NDArray[np.int64]
    identifies: Flags


def draw_visits(plan: Plan) -> Visits:
    """All visits of two years; the numbers of visitors go with the number of leads and contacts."""
    rng, records = plan.rng("visits"), plan.sizes.leads + plan.sizes.contacts
    email = _emails(rng, plan, records)
    named = len(email)
    behaviour = rng.choice(len(BEHAVIOURS), size=named, p=[each.share for each in BEHAVIOURS])
    behaviour[: len(BEHAVIOURS)] = np.arange(len(BEHAVIOURS))[:named]
    behaviour = np.concatenate([behaviour, np.full(int(records * _ANONYMOUS_SHARE), len(BEHAVIOURS))])
    visitor, start = _sessions(rng, plan, behaviour)
    device = np.minimum(np.floor(rng.random(visitor.size) ** 4 * DEVICES).astype(np.int64), DEVICES - 1)
    cookie = visitor * DEVICES + device
    order = np.lexsort((start, cookie))
    visitor, start, cookie = visitor[order], start[order], cookie[order]
    lengths = _draw_between(rng, [each.events for each in (*BEHAVIOURS, ONE_OFF)], behaviour[visitor])
    session = np.repeat(np.arange(visitor.size), lengths)
    last_of_session = np.cumsum(lengths) - 1
    identifies = np.zeros(session.size, dtype=bool)
    first_visit = (ordinals(cookie) == 0) & (visitor < named)
    stays_unknown = cookie % DEVICES == DEVICES - 1  # nobody ever says who uses the third device
    identifies[last_of_session[first_visit & ~stays_unknown]] = True
    pauses = rng.exponential(55_000, session.size).astype(np.int64) + 1_500
    elapsed = np.cumsum(pauses)
    begun = elapsed[last_of_session - lengths + 1]
    at = start[session] * 1_000 + elapsed - begun[session]
    return Visits(
        email=pa.concat_arrays([email, pa.nulls(behaviour.size - named, pa.string())]),
        behaviour=behaviour,
        visitor=visitor[session],
        session=session,
        cookie=cookie[session],
        at=np.minimum(at, plan.history.end * 1_000 - 1),
        identifies=identifies,
    )


def _emails(rng: np.random.Generator, plan: Plan, records: int) -> pa.Array:
    """People who stand in a living lead or contact, then some of whom the org knows nothing."""
    leads, contacts = plan.leads, plan.contacts
    people = np.union1d(leads.person[~leads.audit.deleted], contacts.person[~contacts.audit.deleted])
    known = rng.choice(people, size=min(people.size, int(records * _KNOWN_SHARE)), replace=False)
    unknown = join("reader", digits(np.arange(max(3, int(records * _UNKNOWN_SHARE)))), "@elsewhere.example")
    return pa.concat_arrays([pick(plan.people.email, known), unknown])


def _sessions(rng: np.random.Generator, plan: Plan, behaviour: Rows) -> tuple[Rows, Moments]:
    """For each session of each visitor: the visitor and the moment it starts."""
    kinds = (*BEHAVIOURS, ONE_OFF)
    visitor = np.repeat(np.arange(behaviour.size), _draw_between(rng, [kind.sessions for kind in kinds], behaviour))
    turn = ordinals(visitor)
    end = plan.history.end
    oldest, newest, period = (
        np.array(values)[behaviour] * DAY
        for values in ([k.oldest for k in kinds], [k.newest for k in kinds], [k.period or 0 for k in kinds])
    )
    latest = plan.history.between(rng, end - oldest, end - 1 - newest)[visitor]
    jitter = rng.normal(0, 2_400, visitor.size).astype(np.int64)
    regular = np.clip(latest - turn * period[visitor] + jitter, plan.history.start, end - 1)
    anytime = plan.history.between(rng, (end - oldest)[visitor], (end - 1 - newest)[visitor])
    return visitor, np.where(period[visitor] > 0, regular, anytime)


def _draw_between(rng: np.random.Generator, ranges: list[tuple[int, int]], kind: Rows) -> Rows:
    """For each entry of `kind` a number between the least and the most of its range."""
    least, most = np.array(ranges, dtype=np.int64).T
    drawn: Rows = rng.integers(least[kind], most[kind] + 1)
    return drawn
