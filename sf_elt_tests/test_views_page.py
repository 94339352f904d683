"""docs/views.md, and the comments that DuckDB keeps, are what the code says of the views and tables."""

import sys
from importlib.util import module_from_spec, spec_from_file_location

from sf_elt.warehouse import Warehouse
from sf_elt_tests.pages import ROOT


def test_the_page_is_as_the_script_writes_it() -> None:
    """Every documented view and table with its columns, from the same words as the comments."""
    spec = spec_from_file_location("make_views", ROOT / "docs" / "make_views.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert module.PAGE.read_text("utf-8") == module.page(), "run `python docs/make_views.py`"


def undescribed(warehouse: Warehouse) -> list[str]:
    """The views and tables for analysts, and the columns of the views, that say nothing of themselves."""
    with warehouse.read() as connection:
        found = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal AND comment IS NULL"
            " UNION ALL SELECT table_name FROM duckdb_tables()"
            " WHERE schema_name IN ('profiles', 'insight') AND comment IS NULL"
            " UNION ALL SELECT table_name || '.' || column_name FROM duckdb_columns()"
            " WHERE (schema_name = 'main' OR table_name = 'profiles') AND NOT internal AND comment IS NULL"
        ).fetchall()
    return [name for (name,) in found]
