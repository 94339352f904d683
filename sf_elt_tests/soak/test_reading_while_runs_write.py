"""Analysts read in processes of their own while Dagster runs everything: no error on either side, and both get on."""

from __future__ import annotations

import time
from functools import partial

import dagster as dg
import pytest

from sf_elt.components.keys import PROFILES
from sf_elt.warehouse import Warehouse, place
from sf_elt_tests.components.conftest import STREAMS, Deployed, deployed, described_once, first_day, loaded
from sf_elt_tests.shared_orgs import org, org_of_module
from sf_elt_tests.warehouse.reading import reading

__all__ = ["deployed", "described_once", "first_day", "loaded", "org", "org_of_module"]

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]

RUNS = 6
CHAIN = STREAMS | dg.AssetSelection.assets(PROFILES)


def test_runs_beside_six_readers(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports and profiles, again and again, beside four that read in loops and two that keep the file open."""
    monkeypatch.setattr(place, "Warehouse", partial(Warehouse, patience_seconds=3.0))
    alone = seconds_of_runs(deployed, 2)
    with reading(deployed.warehouse, "short", "short", "short", "long", "stays", "stays") as readers:
        beside = seconds_of_runs(deployed, RUNS)
    windows = deployed.warehouse.sql("SELECT count(*) AS windows FROM ops.windows")["windows"][0]
    print(f"a run alone {min(alone):.1f} s, beside six readers {[round(each, 1) for each in beside]} s")
    for seen in readers.seen:
        print(seen)
    assert all(seen.reads > RUNS and seen.last > windows / 2 for seen in readers.seen[:4])


def seconds_of_runs(deployed: Deployed, number: int) -> list[float]:
    taken = []
    for _ in range(number):
        began = time.monotonic()
        assert deployed.materialize(CHAIN, deployed.range_tags()).success
        taken.append(time.monotonic() - began)
    return taken
