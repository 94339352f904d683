"""A sample of every fault of the org at some call of an import and of its upkeep; the soak tests try all of them."""

import random
from pathlib import Path

import pytest

from sf_elt.demo_org.faults.presets import PRESETS
from sf_elt.demo_org.serve import running_org
from sf_elt_tests.streams.faulty import WORKS, Bench, fault

WRITING = {"locked_rows", "late_commit"}  # what only a client meets who changes something
READING = [preset for preset in PRESETS if preset not in WRITING]
CASES = 4


@pytest.mark.soak
@pytest.mark.parametrize("name", ["bulk", "reconcile, rest"])
def test_a_fault_is_survived_or_a_clear_error_that_moves_nothing(name: str, tmp_path: Path) -> None:
    """Faults and moments by the dice: right rows, or a clear error and the stream as it was; one plain run mends it."""
    choose = random.Random(2026)
    (work,) = (each for each in WORKS if each.name == name)
    with running_org(seed=7, records=60) as org:
        bench = Bench(org, work, tmp_path)
        for preset in choose.sample(READING, CASES):
            how = {} if "times" in PRESETS[preset].does else {"times": choose.choice([1, None])}
            bench.disturbed(fault(preset, after=choose.randrange(bench.calls), **how))
