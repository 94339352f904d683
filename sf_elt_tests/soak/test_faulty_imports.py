"""Every fault of the org at every call of an import and its upkeep, once and for good: a plain run makes it right.

SOAK_WORK names some of the pieces of work only, such as `bulk`; SOAK_FAULTS is how many of all faults at all calls each
of them meets, chosen by SOAK_SEED. All are an hour or more.
"""

import os
import random
import re
import time
from collections import defaultdict
from pathlib import Path

import pytest

from sf_elt.demo_org.faults.presets import PRESETS
from sf_elt.demo_org.serve import running_org
from sf_elt.salesforce.downloads import keyset, rest
from sf_elt_tests.soak.support import SEED
from sf_elt_tests.streams.faulty import WORKS, Bench, Work, fault
from sf_elt_tests.streams.test_every_fault import READING

PEOPLE = 700  # of whom 420 are leads: three pages by REST, fifteen by bulk
PAGE_ROWS = 200  # the fewest that the org gives
RANDOM_PLANS = 20
ONLY = os.environ.get("SOAK_WORK", "")
FAULTS = int(os.environ.get("SOAK_FAULTS", "0"))

_OF_ONE_RUN = re.compile(r"\b750\w+|\b01g[\w-]+|\d\d:\d\d|\d[\d,]*")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("work", [each for each in WORKS if ONLY in each.name], ids=lambda work: work.name)
def test_faults_at_every_call_end_right(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It survives, or fails clearly and moves nothing, and one rerun is right; what it said is shown, to be judged."""
    for module in (rest, keyset):
        monkeypatch.setattr(module, "PAGE_ROWS", PAGE_ROWS)
    began = time.monotonic()
    said: defaultdict[str, set[str]] = defaultdict(set)
    with running_org(seed=7, records=PEOPLE) as org:
        bench = Bench(org, work, tmp_path)
        choose = random.Random(SEED)
        faults = [
            fault(preset, after=after, **how)
            for preset in READING
            for how in (({},) if "times" in PRESETS[preset].does else ({"times": 1}, {"times": None}))
            for after in range(bench.calls)
        ]
        for each in choose.sample(faults, FAULTS) if 0 < FAULTS < len(faults) else faults:
            error = bench.disturbed(each)
            if error is not None:
                said[_OF_ONE_RUN.sub("…", f"{type(error).__name__}: {error}")].add(each["preset"])
        for _ in range(RANDOM_PLANS):
            chosen = choose.choices(READING, k=choose.randint(2, 4))
            bench.disturbed(*(fault(each, after=choose.randrange(bench.calls)) for each in chosen))
    print(f"\n{work.name}: {bench.made} runs in {time.monotonic() - began:.0f} s")
    for text, presets in said.items():
        print(f"  {', '.join(sorted(presets))}\n      {text}")
