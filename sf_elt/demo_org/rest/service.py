"""The addresses about the API itself: versions, resources, limits."""

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import version_of
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.versions import NEWEST, OLDEST

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
    """GET /services/data/vNN.0: what the version offers."""
    address = f"/services/data/v{version_of(request)}"
    names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
    return reply({name: f"{address}/{name}" for name in names})


def limits(request: Request) -> Response:
    """GET /limits: what is left of the day's calls, and allowances that the demo org has but does not count."""
    org = org_of(request)
    most = org.allowance.most
    return reply(
        {
            "DailyApiRequests": {"Max": most, "Remaining": max(0, most - org.allowance.used(org.clock()))},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DataStorageMB": {"Max": 1_024, "Remaining": 1_024},
        }
    )


def _label(version: int) -> str:
    years, season = divmod(version - _WINTER_25, 3)
    return f"{_SEASONS[season]} '{25 + years}"
