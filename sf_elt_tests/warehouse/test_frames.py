"""`from sf_elt import open_warehouse`: what analysts ask, as pandas has it."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from sf_elt import open_warehouse
from sf_elt.warehouse import ReadOnly, UnknownTable, Warehouse, WarehouseBusy, WarehouseEmpty
from sf_elt_tests.scripts import script

ANSWERED = """
SELECT *
FROM (
    VALUES
        (1, true, 1.5, 0.25::DOUBLE, ['a', 'b'], TIMESTAMP '2026-03-01 08:30:00', DATE '2026-03-01', 'x', {'a': 1}),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS answered (whole, truth, decimals, fraction, list, moment, day, words, parts)
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("project") / "data")
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE streams.leads AS SELECT range AS number FROM range(5)")
        connection.execute("COMMENT ON COLUMN streams.leads.number IS 'Counts from 0'")
        connection.execute("CREATE VIEW main.leads AS SELECT number + 1 AS number FROM streams.leads")
    return warehouse


def test_values_have_their_types(warehouse: Warehouse) -> None:
    """Numbers, truth values, lists and times arrive as what they are, with nulls among them."""
    frame = warehouse.sql(ANSWERED)
    assert frame.drop(columns=["words", "list", "parts"]).dtypes.astype(str).to_dict() == {
        "whole": "Int32",
        "truth": "boolean",
        "decimals": "float64",
        "fraction": "float64",
        "moment": "datetime64[us]",
        "day": "datetime64[ms]",
    }
    first, nulls = frame.iloc[0].to_dict(), frame.iloc[1]
    assert (first["whole"], first["truth"], first["decimals"], first["words"]) == (1, True, 1.5, "x")
    assert (first["list"], first["parts"]) == (["a", "b"], {"a": 1})
    assert (first["moment"], first["day"]) == (datetime(2026, 3, 1, 8, 30), pd.Timestamp(2026, 3, 1))
    assert all(nulls[column] is None or pd.isna(nulls[column]) for column in frame)


def test_sums_of_whole_numbers_are_whole(warehouse: Warehouse) -> None:
    """DuckDB sums whole numbers as decimals of 38 digits: here they count, plot and compare as numbers."""
    frame = warehouse.sql("SELECT sum(number) AS total, sum(number) * 10::HUGEINT ** 30 AS huge FROM streams.leads")
    assert (str(frame["total"].dtype), frame["total"][0]) == ("Int64", 10)
    assert frame["huge"][0] == pytest.approx(1e31)


def test_names_that_come_twice_are_kept(warehouse: Warehouse) -> None:
    """Two columns of one name are two columns, lists too."""
    frame = warehouse.sql("SELECT [1] AS n, 2 AS n, ['b'] AS n")
    assert frame.to_numpy().tolist() == [[[1], 2, ["b"]]]


def test_values_are_parameters(warehouse: Warehouse) -> None:
    """By place or by name; what a value says is never SQL."""
    assert warehouse.sql("SELECT $1 AS said", ["'; DROP TABLE x; --"])["said"][0] == "'; DROP TABLE x; --"
    named = warehouse.sql("SELECT number FROM leads WHERE number >= $least", {"least": 4})
    assert sorted(named["number"]) == [4, 5]


def test_tables_are_found_by_name(warehouse: Warehouse) -> None:
    """A bare name is the documented view's before a stream's; with its schema it is just that."""
    assert sorted(warehouse.table("Leads")["number"]) == [1, 2, 3, 4, 5]
    assert sorted(warehouse.table("streams.leads")["number"]) == [0, 1, 2, 3, 4]
    assert len(warehouse.table("leads", limit=2)) == 2
    assert warehouse.table("windows").empty  # of schema ops


def test_what_there_is(warehouse: Warehouse) -> None:
    """Tables and views with what they hold, and the columns of one of them."""
    listed = warehouse.tables()
    assert list(listed.columns) == ["schema", "name", "kind", "rows", "holds"]
    assert tuple(listed.iloc[0][["schema", "name", "kind"]]) == ("main", "leads", "view")
    assert ("streams", "leads", "table", 5) in set(listed[["schema", "name", "kind", "rows"]].itertuples(index=False))
    described = warehouse.describe("streams.leads")
    assert described.to_dict("records") == [{"column": "number", "type": "BIGINT", "holds": "Counts from 0"}]


@pytest.mark.parametrize("write", ["DELETE FROM streams.leads", "CREATE TABLE mine AS SELECT 1", "DROP VIEW leads"])
def test_a_write_is_refused_and_says_why(warehouse: Warehouse, write: str) -> None:
    """Whatever would change the warehouse is refused, and nothing changes."""
    with pytest.raises(ReadOnly, match="runs write to it") as refused:
        warehouse.sql(write)
    assert "to_parquet" in str(refused.value)
    assert len(warehouse.table("leads")) == 5


@pytest.mark.parametrize("name", ["leadz", "stream.leads"])
def test_an_unknown_table_is_a_clear_error(warehouse: Warehouse, name: str) -> None:
    """The error says which names are near."""
    for ask in (warehouse.table, warehouse.describe):
        with pytest.raises(UnknownTable, match=r"did you mean .*leads"):
            ask(name)
    with pytest.raises(UnknownTable, match=r"`tables\(\)` lists what there is"):
        warehouse.sql(f"FROM {name}")


def test_a_variable_is_no_table(warehouse: Warehouse) -> None:
    """DuckDB would take a name that no table has for a variable of ours, of whatever happens to be called so."""
    with pytest.raises(UnknownTable):
        warehouse.sql("FROM frame")
    with pytest.raises(duckdb.BinderException, match="numbr"):
        warehouse.sql("SELECT numbr FROM leads")


def test_no_connection_stays_open(warehouse: Warehouse) -> None:
    """After each question, also one that failed, another process can write at once."""
    frame = warehouse.sql("FROM leads")
    with pytest.raises(UnknownTable):
        warehouse.table("none")
    write = "import sys, duckdb; duckdb.connect(sys.argv[1]).execute('CREATE TABLE ops.free AS SELECT 1')"
    subprocess.run(script(write, warehouse.file), check=True)
    assert len(frame) == 5


def test_no_warehouse_yet_and_a_busy_one(tmp_path: Path) -> None:
    """Before the first import the error says what to do; while somebody writes for too long, who that is."""
    with pytest.raises(WarehouseEmpty, match="materialize an import first"):
        open_warehouse(tmp_path / "none").tables()
    warehouse = open_warehouse(tmp_path, wait_seconds=0.2)
    hold = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    command = script(hold, warehouse.file)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseBusy, match=str(holder.pid)):
            warehouse.tables()
        holder.communicate("\n")


def test_where_the_warehouse_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that is named; else SF_ELT_DATA of the environment, of the project's .env; else the project's own."""
    notebooks = tmp_path / "project" / "notebooks"
    notebooks.mkdir(parents=True)
    monkeypatch.chdir(notebooks)
    project = notebooks.parent
    assert open_warehouse(environ={}).root == Path("data/warehouse")
    (project / "dagster.yaml").touch()
    assert open_warehouse(environ={}).root == project / "data" / "warehouse"
    (project / ".env").write_text("SF_ELT_DATA=elsewhere\n", "utf-8")
    assert open_warehouse(environ={}).root == project / "elsewhere"
    assert open_warehouse(environ={"SF_ELT_DATA": "/told"}).root == Path("/told")
    assert open_warehouse(environ={"SF_ELT_DATA": "told/below"}).root == project / "told" / "below"
    assert open_warehouse("~/mine", environ={"SF_ELT_DATA": "/told"}).root == Path.home() / "mine"


def test_importing_the_package_is_cheap() -> None:
    """`import sf_elt` loads neither DuckDB nor pandas; a name that it has not is an error as of any module."""
    loaded = "import sf_elt, sys; print([each for each in ('duckdb', 'pandas', 'dagster') if each in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True) == "[]\n"
    with pytest.raises(ImportError, match="open_warehous"):
        exec("from sf_elt import open_warehous")
