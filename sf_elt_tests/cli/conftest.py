"""Commands that start at once, for all tests of the command line."""

from collections.abc import Iterator

import pytest

from sf_elt_tests.cli.warm import warm_commands


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A folder for PATH with a `sf-elt` in it."""
    with warm_commands(tmp_path_factory.mktemp("commands")) as path:
        yield path
