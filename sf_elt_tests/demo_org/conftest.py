"""What tests of single rooms of the demo org share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sf_elt_tests.demo_org.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """An org's store with one user, and short ways to save and look."""
    from sf_elt_tests.demo_org.bench import Bench

    bench = Bench()
    with bench.store:
        yield bench
