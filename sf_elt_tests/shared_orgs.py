"""Fixtures of the rooms whose tests share one small org within a module; their conftest.py takes them from here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import copy_of_small_org, levers


@pytest.fixture(scope="module")
def org_of_module(small_org: Path) -> Iterator[Details]:
    """One small org for the tests of a module: starting one for each would take longer than the tests."""
    with copy_of_small_org(small_org) as details:
        yield details


@pytest.fixture
def org(org_of_module: Details) -> Details:
    """The module's org without planned faults, spent calls or remembered calls. Its sessions must not be ended."""
    pull = levers(org_of_module)
    pull.faults.clear()
    pull.limit(100_000, give_back=True)
    pull.calls.clear()
    return org_of_module


@pytest.fixture
def own_org(small_org: Path) -> Iterator[Details]:
    """An org for one test alone."""
    with copy_of_small_org(small_org) as details:
        yield details
