"""Many random histories of an org and of its imports. SOAK_SEED is the first one's, SOAK_HISTORIES is their number."""

import os
from pathlib import Path

import pytest

from sf_elt_tests.soak.support import SEED
from sf_elt_tests.streams.test_random_histories import live_through

HISTORIES = int(os.environ.get("SOAK_HISTORIES", "20"))
STEPS = 60

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", range(SEED, SEED + HISTORIES))
def test_every_history_ends_as_the_org_tells_it(seed: int, tmp_path: Path) -> None:
    """Whatever happened, and whatever was killed, a last read of all windows makes each stream the org."""
    assert live_through(seed, STEPS, tmp_path) == []
