"""Days of SOQL are those of the user who asks: TODAY begins at midnight where the user is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt.demo_org.soql import compile_query
from sf_elt_tests.demo_org.soql_store import NOW, small_store
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client

ZONES = ["UTC", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Kiritimati"]


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.mark.parametrize(
    ("zone", "moment", "first", "last"),
    [
        ("America/Los_Angeles", "2026-03-08T20:00:00", "2026-03-08T08:00:00", "2026-03-09T07:00:00"),
        ("America/Los_Angeles", "2026-03-08T07:00:00", "2026-03-07T08:00:00", "2026-03-08T08:00:00"),
        ("Europe/Berlin", "2026-10-25T12:00:00", "2026-10-24T22:00:00", "2026-10-25T23:00:00"),
        ("Asia/Tokyo", "2026-03-08T20:00:00", "2026-03-08T15:00:00", "2026-03-09T15:00:00"),
    ],
)
def test_today_is_the_users(zone: str, moment: str, first: str, last: str) -> None:
    """It lasts from midnight to midnight there, 23 or 25 hours where clocks change."""
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    with small_store() as store:
        compiled = compile_query("SELECT Id FROM Lead WHERE CreatedDate = TODAY", store.schema, now)
    assert compiled.parameters == [datetime.fromisoformat(first), datetime.fromisoformat(last)]


def test_a_date_is_a_date_everywhere() -> None:
    """Date fields have no time zone: only which day today is depends on the user."""
    soql = "SELECT Id FROM Opportunity WHERE CloseDate = TODAY"
    with small_store() as store:
        found = [compile_query(soql, store.schema, NOW.astimezone(ZoneInfo(zone))).parameters[0] for zone in ZONES]
    assert found == [datetime(2026, 3, 15), datetime(2026, 3, 15), datetime(2026, 3, 15), datetime(2026, 3, 16)]


def test_functions_are_of_utc_but_for_convert_timezone() -> None:
    """DAY_ONLY(CreatedDate) is the day in UTC, of convertTimezone(CreatedDate) the user's, alone and grouped."""
    soql = (
        "SELECT DAY_ONLY(SystemModstamp) utc, DAY_ONLY(convertTimezone(SystemModstamp)) own, COUNT(Id) n FROM Contact "
        "WHERE LastName = 'anders' GROUP BY DAY_ONLY(SystemModstamp), DAY_ONLY(convertTimezone(SystemModstamp))"
    )
    with small_store() as store, store.reading() as connection:  # modified on March 1st, 0:00 in UTC
        compiled = compile_query(soql, store.schema, NOW.astimezone(ZoneInfo("America/Los_Angeles")))
        columns = ", ".join(f"CAST({each.sql} AS VARCHAR)" for each in compiled.columns)
        rows = connection.execute(f"SELECT {columns} {compiled.from_clause}", compiled.parameters).fetchall()
    assert rows == [("2026-03-01", "2026-02-28", "2")]


def test_the_time_zone_is_the_one_of_the_users_record(org: Details) -> None:
    """TimeZoneSidKey of the running user decides, as soon as it is changed."""
    wire, sf = Wire(org), client(org)
    lead = wire.new_lead()
    [found] = sf.query(f"SELECT Id, TimeZoneSidKey FROM User WHERE Username = '{org.username}'")["records"]
    assert found["TimeZoneSidKey"] == "America/Los_Angeles"
    created = datetime.fromisoformat(sf.Lead.get(lead)["CreatedDate"])
    shown = {}
    for zone in ZONES:
        assert wire("PATCH", f"{V62}/sobjects/User/{found['Id']}", json={"TimeZoneSidKey": zone}).ok
        [record] = sf.query(f"SELECT FORMAT(CreatedDate) f FROM Lead WHERE Id = '{lead}'")["records"]
        local = created.astimezone(ZoneInfo(zone))
        shown[zone] = (record["f"], f"{local.month}/{local.day}/{local.year}, {local:%-I:%M %p}")
    assert len(shown) == len(ZONES)
    assert all(given == expected for given, expected in shown.values())
    soql = "SELECT FORMAT(CreatedDate) f FROM Lead"
    [csv] = sf.bulk2.Lead.query(soql, wait=0)
    [record] = sf.bulk.Lead.query(soql, wait=0)
    assert csv.splitlines()[1] == f'"{shown[ZONES[-1]][1]}"'
    assert record["f"] == shown[ZONES[-1]][1]
