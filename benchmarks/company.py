"""The streams of a made-up company, and the default mapping that turns them into profiles."""

from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
import yaml

from sf_elt.profiles import FieldRule, Guards
from sf_elt.streams.source_names import source_fields
from sf_elt.streams.views import refresh_views
from sf_elt.warehouse import Warehouse

SHARES = {"leads": 0.24, "contacts": 0.24, "accounts": 0.048, "opportunities": 0.072, "roles": 0.1, "events": 0.3}
"""What each stream has of all rows; there are three people for ten rows, seven of ten of them with a contact."""

STREAMS = (
    "salesforce_leads", "salesforce_contacts", "salesforce_accounts", "salesforce_opportunities",
    "salesforce_opportunity_contact_roles", "web_events",
)  # fmt: skip


def make_company(folder: str, rows: int) -> dict[str, int]:
    """Fills a new warehouse with streams of together so many rows; gives stream → rows."""
    numbers = {name: max(1, round(rows * share)) for name, share in SHARES.items()}
    numbers |= {"people": max(1, round(rows * 0.3)), "contact_people": max(1, round(rows * 0.21))}
    numbers["sessions"] = max(1, numbers["events"] // 3)
    statements = files("benchmarks").joinpath("company.sql").read_text("utf-8").format_map(numbers)
    warehouse = Warehouse(Path(folder))
    with warehouse.write() as connection:
        connection.execute(statements)
        refresh_views(connection)
        counts = [connection.table(f"streams.{stream}").count("*").fetchall()[0][0] for stream in STREAMS]
    _settle(warehouse)
    return dict(zip(STREAMS, map(int, counts), strict=True))


def change_company(folder: str, turn: int) -> None:
    """Changes one record in a hundred of each stream, others in each turn from 1."""
    warehouse = Warehouse(Path(folder))
    with warehouse.write() as connection:
        connection.execute(files("benchmarks").joinpath("changes.sql").read_text("utf-8").format(turn=turn))
    _settle(warehouse)


@cache
def default_mapping() -> tuple[list[FieldRule], Guards]:
    """The mapping and the guards of this project's own profiles: all documented fields, and those of web events."""
    text = files("sf_elt").joinpath("defs/profiles/defs.yaml").read_text("utf-8")
    attributes = yaml.safe_load(text)["attributes"]
    return [FieldRule.model_validate(rule) for rule in attributes["mapping"]], Guards(**attributes["guards"])


def _settle(warehouse: Warehouse) -> None:
    """Writes what the log of the file still holds into the file."""
    with closing(duckdb.connect(str(warehouse.file))) as connection:
        connection.execute("CHECKPOINT")


def land_streams(folder: str, result: str) -> None:
    """Writes each stream of a warehouse as a Parquet file, for who reads no warehouse."""
    Path(result).mkdir()
    with Warehouse(Path(folder)).read() as connection:
        for stream in STREAMS:
            connection.execute(f"COPY streams.{stream} TO '{result}/{stream}.parquet'")


def rules_for_pandas() -> list[dict[str, object]]:
    """The default mapping, with the landed column that each rule reads and a name for its cleaned values."""
    landed = {(field.stream, field.source_field): field.salesforce_field for field in source_fields()}
    landed |= {(stream, "imported_at"): "_loaded_at" for stream in STREAMS}
    landed |= {("salesforce_accounts", "account_contact_id"): "contact"}
    landed |= {("salesforce_opportunities", "opportunity_contact_id"): "contact"}
    return [
        {
            "stream": rule.stream,
            "field": landed.get((rule.stream, rule.columns[0]), rule.columns[0]),
            "value": f"cleaned {rule.user_field}",
            "user_field": rule.user_field,
            "merge": rule.merge,
            "identifier": rule.identifier,
            "clean": rule.clean,
        }
        for rule in default_mapping()[0]
    ]
