"""What a preflight tests of the org as a whole: versions of the API, clock, calls left, bulk jobs left."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from sf_elt.components.deployment import Deployment
from sf_elt.components.preflight.findings import Finding
from sf_elt.salesforce.downloads.result_pages import FIRST_VERSION_SIDE_BY_SIDE
from sf_elt.salesforce.limits import API_CALLS, BULK_QUERY_JOBS, BULK_QUERY_MB, Limit, Versions

CLOCKS_AGREE = timedelta(minutes=1)
LOW = 0.1  # of an allowance


def about_versions(connection: str, wanted: str, found: Versions) -> Iterator[Finding]:
    """Whether the configured version is there and new enough, and whether the clocks agree."""
    newest = found.offered[-1] if found.offered else "none"
    if wanted not in found.offered:
        oldest = found.offered[0] if found.offered else "none"
        says = f"the org offers no version {wanted} of its API, but {oldest} to {newest}"
        yield Finding(connection, "API version", "missing", says, f"Set API_VERSION to {newest}.")
    elif float(wanted) < FIRST_VERSION_SIDE_BY_SIDE:
        says = f"{wanted} works, but bulk results come one page after the other before {FIRST_VERSION_SIDE_BY_SIDE}"
        yield Finding(connection, "API version", "warning", says, f"Set API_VERSION to {newest}, or leave it out.")
    else:
        yield Finding(connection, "API version", "ok", f"{wanted}; the org offers up to {newest}")
    if found.ahead is None:
        yield Finding(connection, "clock", "warning", "the org does not say what time it is")
    elif abs(found.ahead) > CLOCKS_AGREE:
        seconds = abs(found.ahead).total_seconds()
        where = "ahead of" if found.ahead > timedelta() else "behind"
        says = f"the org's clock is {seconds:,.0f} s {where} this machine's"
        yield Finding(
            connection, "clock", "warning", says, "Let this machine keep its time by NTP: timedatectl set-ntp true"
        )
    else:
        yield Finding(connection, "clock", "ok", "the org's clock and this machine's agree to a minute")


def about_limits(deployment: Deployment, connection: str, found: Mapping[str, Limit]) -> Iterator[Finding]:
    """Whether the org has calls and bulk jobs left for what the deployment may use."""
    yield _calls(deployment, connection, found.get(API_CALLS))
    transports = {each.transport for each in deployment.imports if each.connection == connection}
    if not found.keys() - {API_CALLS}:
        says = "the user may not know what the org allows besides API calls: bulk jobs can end before their day does"
        yield Finding(connection, "limits", "warning", says, "System Permissions: View Setup and Configuration.")
    elif transports - {"rest"}:
        yield _bulk(connection, found.get(BULK_QUERY_JOBS))
        yield _left(connection, "bulk result storage", found.get(BULK_QUERY_MB), "MB")


def _calls(deployment: Deployment, connection: str, calls: Limit | None) -> Finding:
    """The org's calls against what imports and exports may make and what is reserved for others."""
    subject, test = connection, "API calls"
    if calls is None:
        return Finding(subject, test, "warning", f"the org reports no {API_CALLS}")
    exports = list(deployment.exports_to(connection))
    reserve = max([deployment.connection(connection).org_reserve, *(each.org_reserve for each in exports)])
    maxima = [each.max_daily_api_calls for each in deployment.imports if each.connection == connection]
    maxima += [each.max_daily_api_calls for each in exports]
    bounded = [most for most in maxima if most is not None]
    says = (
        f"{calls.remaining:,} of {calls.most:,} are left in these 24 hours; {reserve:,} are reserved for others, "
        f"imports and exports may make {sum(bounded):,}"
    )
    if len(bounded) < len(maxima):
        says += f", and {len(maxima) - len(bounded)} of them have no maximum"
    if calls.remaining <= reserve:
        return Finding(subject, test, "missing", says, "Lower org_reserve, or wait until calls come back.")
    if sum(bounded) + reserve > calls.most:
        fits = max(0, calls.most - reserve)
        return Finding(subject, test, "warning", says, f"Lower max_daily_api_calls, together to {fits:,}.")
    if sum(bounded) + reserve > calls.remaining:
        return Finding(subject, test, "warning", f"{says}; today they can pause before their maximum")
    return Finding(subject, test, "ok", says)


def _bulk(connection: str, jobs: Limit | None) -> Finding:
    if jobs is None:
        grant = "Set transport: rest, or ask Salesforce for the Bulk API 2.0."
        return Finding(connection, "bulk query jobs", "warning", f"the org reports no {BULK_QUERY_JOBS}", grant)
    return _left(connection, "bulk query jobs", jobs, "jobs")


def _left(connection: str, test: str, limit: Limit | None, unit: str) -> Finding:
    if limit is None:
        return Finding(connection, test, "warning", "the org reports no such limit")
    says = f"{limit.remaining:,} of {limit.most:,} {unit} are left in these 24 hours"
    if limit.remaining <= 0:
        return Finding(connection, test, "missing", says, "Wait until they come back, or set transport: rest.")
    return Finding(connection, test, "warning" if limit.remaining < LOW * limit.most else "ok", says)
