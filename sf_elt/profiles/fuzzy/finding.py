"""Fuzzy links: records that share no identifier, and agree so well in other things that they are probably one person.

fuzzy = FuzzyLinks.model_validate({
    "compare": [
        {"name": "last_name", "as": "name", "from": {"salesforce_leads": "lead_last_name"}},
        {"name": "company", "as": "company", "from": {"salesforce_leads": "lead_company"}},
        {"name": "phone", "as": "phone", "region": "US", "from": {"salesforce_leads": "lead_phone"}},
        {"name": "email", "as": "email", "from": {"salesforce_leads": "lead_email"}},
    ]
})
find_fuzzy_pairs(warehouse, mapping, fuzzy, guards, now=now, run_id=run_id)
build_profiles(warehouse, mapping, guards, fuzzy_threshold=fuzzy.threshold, now=now, run_id=run_id)

Finding pairs is dear, and a step of its own: Splink, which the extra `fuzzy` brings, learns from the records how much
each agreement says. profiles.fuzzy_pairs keeps what it found; a build takes the pairs above the threshold as links.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from sf_elt.profiles.errors import FuzzyRefused
from sf_elt.profiles.fuzzy.options import FuzzyLinks, splink_missing
from sf_elt.profiles.fuzzy.records import read_records
from sf_elt.profiles.identity.guards import Guards
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.sql import statement
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.warehouse import Warehouse, scratch
from sf_elt.warehouse.erased import erasures

if TYPE_CHECKING:
    from sf_elt.profiles.fuzzy.model import Learned

log = logging.getLogger(__name__)

STEPS = 5


@dataclass(frozen=True)
class FuzzyReport:
    """What was found: `pairs` are those kept, `above_threshold` those that builds take as links.

    `compared` counts pairs of records; one that is equal in two ways counts twice. `left_out` has the ways to be
    compared that make more pairs than max_pairs allows (as `last_name and company`), and how many each makes. `learned`
    has what each level of agreement says.
    """

    records: int
    compared: int
    left_out: Mapping[str, int]
    pairs: int
    above_threshold: int
    learned: "tuple[Learned, ...]"
    seconds: float


def find_fuzzy_pairs(
    warehouse: Warehouse,
    mapping: Sequence[FieldRule],
    fuzzy: FuzzyLinks,
    guards: Guards | None = None,
    *,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
) -> FuzzyReport:
    """Finds the pairs of records that are probably one person, and replaces profiles.fuzzy_pairs by them.

    The warehouse is held only while it is read, and while what was found is written. The same records give the same
    pairs. Raises FuzzyRefused where Splink is not installed, where the options do not fit the streams, where the
    records are too few to learn from or the pairs too many to compare; the pairs of before stay then.
    """
    if missing := splink_missing():
        raise FuzzyRefused([missing])
    from sf_elt.profiles.fuzzy.model import find_pairs

    started = time.perf_counter()
    say = progress or say_nothing
    counts = None
    while counts is None:
        with scratch(warehouse) as connection:  # before anything is read: an erasure waits for who is here
            say("reading records", 0, STEPS)
            records = read_records(warehouse, mapping, fuzzy, guards or Guards())
            found = find_pairs(connection, records, fuzzy, lambda what, done: say(what, done, STEPS))
            pairs = connection.sql("FROM found_pairs").to_arrow_table()
        say("writing pairs", STEPS - 1, STEPS)
        counts = _write(warehouse, pairs, fuzzy.threshold, now=now, erased_before=records.erasures)
    say("pairs found", STEPS, STEPS)
    kept, above = counts
    report = FuzzyReport(
        records=records.records.num_rows,
        compared=found.compared,
        left_out=found.left_out,
        pairs=kept,
        above_threshold=above,
        learned=found.learned,
        seconds=time.perf_counter() - started,
    )
    log.info("run %s found %s fuzzy pairs among %s records", run_id, report.pairs, report.records)
    return report


def _write(
    warehouse: Warehouse, pairs: pa.Table, threshold: float, *, now: datetime, erased_before: int
) -> tuple[int, int] | None:
    """Replaces the pairs that stand; gives how many there are, and how many from the threshold on.

    Nothing is written, and None given, where somebody was erased since the records were read: the pairs may name them.
    """
    with warehouse.write() as connection:
        if erasures(connection) != erased_before:
            log.info("somebody was erased since the records were read: they are read again")
            return None
        connection.register("arriving_pairs", pairs)
        connection.execute("DELETE FROM profiles.fuzzy_pairs")
        connection.execute(statement("insert_fuzzy_pairs"), {"now": now})
        connection.unregister("arriving_pairs")
        ((kept, above),) = connection.execute(
            "SELECT count(*), count(*) FILTER (probability >= ?) FROM profiles.fuzzy_pairs", [threshold]
        ).fetchall()
    return int(kept), int(above)
