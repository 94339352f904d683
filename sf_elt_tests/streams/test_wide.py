"""Objects too wide for one query: read in groups of columns, and no record of two versions."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import select
from sf_elt.streams import StreamSpec, column_groups, stream_columns
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import LEADS, Importer, importing, rows_of_org

WIDE = replace(LEADS, additional_fields=("Owner.Name", "Owner.Email"))


@pytest.fixture
def importer(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importer]:
    """An importer from an org that takes queries of 900 characters: an ordinary object is too wide for it."""
    monkeypatch.setattr(column_groups, "LONGEST", 900)
    monkeypatch.setattr(column_groups, "_ROOM", 200)
    with importing(org, tmp_path) as importer:
        yield importer


def _is_right(importer: Importer, org: Details, spec: StreamSpec = WIDE) -> bool:
    return importer.rows(spec) == rows_of_org(org, stream_columns(importer.org, spec), spec.object)


def test_groups_of_columns_are_joined_to_the_rows_of_the_org(importer: Importer, org: Details) -> None:
    """Every row and column, deleted rows too, and the job of each group is made before any of its pages is asked for."""
    report = importer.run(WIDE)
    assert _is_right(importer, org)
    assert report.column_groups > 1
    assert report.rows_read == report.org_count == report.rows_in_stream
    asked = [f"{call['method']} {call['path'].rpartition('/')[2]}" for call in levers(org).calls.all()]
    assert asked.index("GET results") > len(asked) - 1 - asked[::-1].index("POST query")
