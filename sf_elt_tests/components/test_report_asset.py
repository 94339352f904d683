"""The asset `report`: the page as Dagster makes it, in the title, place and zone that the YAML says."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sf_elt.components import Report
from sf_elt.components.keys import AUDIENCES, REPORT, SCORES
from sf_elt.components.resources import open_warehouse
from sf_elt_tests.report.standing import fill


def test_the_page_is_made_without_an_org(
    loaded: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that knows no org: the file is where the asset says, beside the warehouse, with its numbers."""
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    assert loaded.component_tree is not None
    (component,) = loaded.component_tree.get_all_components(Report)
    monkeypatch.setattr(component, "title", "Who & what")
    monkeypatch.setattr(component, "time_zone", "Asia/Kolkata")
    fill(open_warehouse(), datetime.now(UTC))
    metadata = _made(loaded)
    file = tmp_path / "report.html"
    assert metadata["file"] == str(file)
    page = file.read_text("utf-8")
    assert (metadata["profiles"], metadata["audiences"], metadata["bytes"]) == (10, 3, file.stat().st_size)
    assert metadata["needs_attention"] == page.count('<p class="do">') > 0
    assert "<h1>Who &amp; what</h1>" in page
    assert " IST</time>" in page
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_comes_after_audiences_and_exports(loaded: dg.Definitions) -> None:
    """What it shows is made first: scores, topics, audiences, and every export of the project."""
    deps = loaded.resolve_asset_graph().get(REPORT).parent_keys
    assert deps >= {SCORES, AUDIENCES, dg.AssetKey(["writeback", "leads"]), dg.AssetKey(["writeback", "contacts"])}


def _made(definitions: dg.Definitions) -> dict[str, object]:
    """Materializes the asset alone; gives its metadata."""
    result = dg.materialize(
        list(definitions.resolve_asset_graph().assets_defs), selection=dg.AssetSelection.assets(REPORT)
    )
    (made,) = result.asset_materializations_for_node("write_report")
    return {name: value.value for name, value in made.metadata.items()}
