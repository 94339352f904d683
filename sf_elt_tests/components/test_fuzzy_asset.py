"""The asset of fuzzy pairs, run by Dagster, and the build that takes its pairs as links."""

import shutil
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from sf_elt.components.keys import FUZZY_PAIRS, PROFILES
from sf_elt.components.resources import WarehouseResource, open_warehouse
from sf_elt.streams.views import refresh_views
from sf_elt.warehouse import quote_table
from sf_elt_tests.components.conftest import QUIET, ROOT
from sf_elt_tests.components.test_yaml import PYPROJECT
from sf_elt_tests.profiles.misspelt import COMPARED, Typed, misspelt_people
from sf_elt_tests.profiles.streams import NOW, table

pytest.importorskip("splink", reason="Splink is not installed: make test installs it")

BEFORE = "  # What keeps two people"
FUZZY = f"""  fuzzy:
    threshold: 0.95
    max_pairs: 150
    compare:
{COMPARED}"""


def _put(records: list[Typed]) -> None:
    """The records as leads and contacts."""
    with open_warehouse().write() as connection:
        for stream, prefix, held in (
            ("salesforce_leads", "00Q", "applicants"),
            ("salesforce_contacts", "003", "customers"),
        ):
            rows = [record for record in records if record.stream == held]
            columns = {
                name: pa.array([row.values[place] for row in rows], pa.string())
                for place, name in enumerate(("FirstName", "LastName", "Email", "Phone"))
            }
            columns["Id"] = pa.array([f"{prefix}{number:012}AAA" for number in range(len(rows))])
            connection.register("arriving", pa.table(columns))
            connection.execute(
                f"CREATE TABLE {quote_table('streams', stream)} AS SELECT *, ?::TIMESTAMP AS _changed_at,"
                " _changed_at AS _loaded_at, NULL::TIMESTAMP AS _deleted_at FROM arriving",
                [NOW.replace(tzinfo=None)],
            )
            connection.unregister("arriving")
        refresh_views(connection)


@pytest.mark.soak
def test_the_asset_finds_pairs_and_the_build_links_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reports what it did as numbers; what was learned and left out stand as tables, and no value of anybody."""
    module = f"fuzzy_{abs(hash(str(tmp_path)))}"
    defs = tmp_path / module / "defs"
    shutil.copytree(ROOT / "sf_elt" / "defs", defs)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(module=module), "utf-8")
    (tmp_path / module / "__init__.py").touch()
    file = defs / "profiles" / "defs.yaml"
    file.write_text(file.read_text("utf-8").replace(BEFORE, FUZZY + BEFORE, 1), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    definitions = dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=defs.parent),
        dg.Definitions(resources={"warehouse": WarehouseResource()}),
    )
    people = misspelt_people(150)
    _put(people)
    with dg.instance_for_test() as instance:
        run = dg.materialize(
            list(definitions.resolve_asset_graph().assets_defs),
            selection=[FUZZY_PAIRS, PROFILES],
            instance=instance,
            run_config=QUIET,
        )
        found, built = (
            run.asset_materializations_for_node(node)[0].metadata for node in ("find_fuzzy_pairs", "build_profiles")
        )
    pairs = table(open_warehouse(), "profiles.fuzzy_pairs")
    assert found["dagster/row_count"].value == len(pairs) > 0
    assert found["records"].value == len(people)
    assert built["fuzzy_links"].value == found["above_threshold"].value > 50
    assert {row["via"] for row in table(open_warehouse(), "profiles.links")} >= {"identifier", "fuzzy"}
    learned = found["learned"]
    assert isinstance(learned, dg.TableMetadataValue)
    assert {record.data["field"] for record in learned.records} == {"first_name", "last_name", "email", "phone"}
    assert not [record for record in learned.records if "example" in str(record.data)]
    left_out = found["left_out"]
    assert isinstance(left_out, dg.TableMetadataValue)
    assert [record.data["equal"] for record in left_out.records] == ["first_name and last_name"]
