"""The addresses about the API itself: versions, resources, limits."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.auth.hosts import address_of
from sf_elt.demo_org.auth.replies import identity_url
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.store import table
from sf_elt.demo_org.tables import living
from sf_elt.demo_org.versions import NEWEST, OLDEST

DATA_STORAGE_MB = 10_240
RECORDS_IN_MB = 512
"""A record takes 2 kB of the org's storage, whatever it holds."""

PERMISSION_SETS, CUSTOM_PERMISSION_SETS = 1_500, 1_000

UNUSED_ALLOWANCES = {
    "AnalyticsExternalDataSizeMB": 40_960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAsyncApexExecutions": 250_000,
    "DailyAsyncApexTests": 500,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyScratchOrgs": 6,
    "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 390,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 20,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999,
    "HourlyLongTermIdMapping": 100_000,
    "HourlyManagedContentPublicRequests": 50_000,
    "HourlyODataCallout": 1_000,
    "HourlyPublishedPlatformEvents": 50_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlyShortTermIdMapping": 100_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 50,
    "MassEmail": 10,
    "MonthlyPlatformEventsUsageEntitlement": 300_000,
    "Package2VersionCreates": 6,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}
"""What a Developer Edition org lists besides (recorded replies of /limits): the demo org has nothing that uses it."""

_DATA = "/services/data/{version}/"
_SEASONS = ("Winter", "Spring", "Summer")
_WINTER_25 = 62


def versions(request: Request) -> Response:
    """GET /services/data: the versions of the API, for anybody."""
    return reply(
        [
            {"label": _label(version), "url": f"/services/data/v{version}.0", "version": f"{version}.0"}
            for version in range(OLDEST, NEWEST + 1)
        ]
    )


def resources(request: Request) -> Response:
    """GET /services/data/vNN.0: what the version offers, out of the routes that there are."""
    address = f"/services/data/v{version_of(request)}"
    paths = (route.path for route in request.app.routes if isinstance(route, Route))
    below = (path.removeprefix(_DATA).partition("/")[0] for path in paths if path.startswith(_DATA))
    found = {name: f"{address}/{name}" for name in sorted({each for each in below if each.isalpha()})}
    return reply({**found, "identity": identity_url(address_of(request), org_of(request), user_of(request))})


def limits(request: Request) -> Response:
    """GET /limits: what is left of the day's calls and bulk jobs, of storage, and allowances that nothing here uses."""
    org = org_of(request)
    now = org.clock()
    calls = {"Max": org.allowance.most, "Remaining": max(0, org.allowance.most - org.allowance.used(now))}
    stored = _stored_records(org) // RECORDS_IN_MB
    storage = {"Max": DATA_STORAGE_MB, "Remaining": max(0, DATA_STORAGE_MB - stored)}
    counted = {
        "DailyApiRequests": calls,
        **org.bulk.quota.limits(now),
        "DataStorageMB": storage,
        "PermissionSets": _permission_sets(org),
    }
    unused = {name: {"Max": most, "Remaining": most} for name, most in UNUSED_ALLOWANCES.items()}
    return reply(dict(sorted((unused | counted).items())))


def record_count(request: Request) -> Response:
    """GET /limits/recordCount?sObjects=Account,Contact: how many records are not deleted; of all objects without it.

    An object without records is left out (recorded).
    """
    org, schema = org_of(request), schema_of(request)
    named = request.query_params.get("sObjects")
    wanted = [schema.object(each.strip()) for each in named.split(",")] if named else list(schema.objects)
    counts = []
    with org.store.reading() as connection:
        for each in filter(None, wanted):
            row = connection.execute(f"SELECT count(*) FROM {table(each.name)} WHERE {living(each)}").fetchone()
            if row and row[0]:
                counts.append({"count": row[0], "name": each.name})
    return reply({"sObjects": counts})


def recent(request: Request) -> Response:
    """GET /recent: nobody has looked at a record's page."""
    return reply([])


def _permission_sets(org: Org) -> dict[str, object]:
    """How many more permission sets may be made; those that belong to profiles do not count."""
    with org.store.reading() as connection:
        row = connection.execute(
            f'SELECT count(*) FROM {table("PermissionSet")} WHERE NOT "IsOwnedByProfile" AND NOT "IsDeleted"'
        ).fetchone()
    made = int(row[0]) if row else 0
    custom = {"Max": CUSTOM_PERMISSION_SETS, "Remaining": CUSTOM_PERMISSION_SETS - made}
    return {"Max": PERMISSION_SETS, "Remaining": PERMISSION_SETS - made, "CreateCustom": custom}


def _stored_records(org: Org) -> int:
    """How many records take storage, deleted ones included: what DuckDB knows without reading them."""
    with org.store.reading() as connection:
        row = connection.execute(
            "SELECT coalesce(sum(estimated_size), 0) FROM duckdb_tables() WHERE schema_name = 'records'"
        ).fetchone()
    return int(row[0]) if row else 0


def _label(version: int) -> str:
    years, season = divmod(version - _WINTER_25, 3)
    return f"{_SEASONS[season]} '{25 + years}"
