"""Orgs for every room's tests: real servers on free loopback ports, reached over real HTTP.

Imports are inside the fixtures: a test that needs no org does not wait for a server's libraries.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simple_salesforce import Salesforce

    from sf_elt.demo_org.serve import Details


LONGEST = (
    "test_demo.py", "test_materialize.py", "test_import_options.py", "test_killed.py", "test_serve.py",
    "test_export.py", "test_jsforce.py", "test_importing.py", "test_faults.py", "test_own_writes.py",
    "test_reconciling.py", "test_refreshing.py", "test_histories.py", "test_audiences.py", "test_multiprocess.py",
    "test_benchmarks.py", "test_other_objects.py", "test_crashes.py",
)  # fmt: skip
"""Files that take longest."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """No garbage is looked for while thousands of modules come, nor later among them: they stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin first: one that a worker begins last would be waited for by all others.

    Long proofs may take two hours unless they say otherwise.
    """
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
    for item in items:
        if item.get_closest_marker("soak") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(7200))


def pytest_unconfigure() -> None:
    """What Hypothesis's hook, or freezing, keeps beyond the interpreter's end DuckDB would call a leak."""
    gc.callbacks.clear()
    gc.unfreeze()


@pytest.fixture(scope="session")
def small_org(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the small org that is copied for each test that has its own."""
    from sf_elt_tests.orgs import keep_small_org

    folder = tmp_path_factory.mktemp("small_org")
    keep_small_org(folder)
    return folder


@pytest.fixture
def org(small_org: Path) -> Iterator[Details]:
    """A small org of the test's own, with 60 leads and contacts: change it as you like."""
    from sf_elt_tests.orgs import copy_of_small_org

    with copy_of_small_org(small_org) as details:
        yield details


@pytest.fixture
def empty_org() -> Iterator[Details]:
    """An org of the test's own without records but its user."""
    from sf_elt.demo_org.serve import running_org

    with running_org(records=0) as details:
        yield details


@pytest.fixture(scope="session")
def shared_org() -> Iterator[Details]:
    """The default org (5,000 leads and contacts), one for all tests of this process: read only."""
    from sf_elt.demo_org.serve import running_org

    with running_org() as details:
        yield details


@pytest.fixture
def sf(org: Details) -> Salesforce:
    """simple-salesforce, logged in to `org` by session id."""
    from sf_elt_tests.orgs import client

    return client(org)
