"""Whatever happens in an org, and however it is imported: in the end the stream tells it as the org does."""

import random
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sf_elt.demo_org.org import Settings, create_org
from sf_elt.demo_org.serve import serving
from sf_elt_tests.streams.histories import STREAMS, Imports, People
from sf_elt_tests.streams.support import importing

FOR_YEARS = Settings(session_lifetime=timedelta(days=4000))  # clocks go forward here, and no session ends by that


def live_through(seed: int, steps: int, folder: Path) -> list[object]:
    """What is wrong after so many steps of people and imports, and a last read of all."""
    choose = random.Random(seed)
    with closing(create_org(seed=7, records=50, settings=FOR_YEARS)) as demo, serving(demo) as org:
        people = People(org, choose)
        people.note_gone()
        with importing(org, folder) as importer:
            imports = Imports(importer, people, choose)
            for _ in range(steps):
                people.wait(choose.choice([1, 30, 900, 20_000]), choose.choice([0, 0, -90, -8, 90]))
                for _ in range(choose.randrange(4)):
                    people.work()
                imports.work()
            people.wait(2 * 86_400)
            for spec in STREAMS:
                imports.finish(spec)
            return [each for spec in STREAMS for each in imports.differences(spec)]


@pytest.mark.soak
def test_a_short_history_ends_as_the_org_tells_it(tmp_path: Path) -> None:
    """Saves, deletes, merges, new fields and skewed clocks, between reads of which some are killed."""
    assert live_through(5, 6, tmp_path) == []
