"""The tests of one connection, in order, and what goes wrong before there is anything to test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sf_elt.components.deployment import Deployment, ImportedStream
from sf_elt.components.preflight.exports import CONTACT, about_export
from sf_elt.components.preflight.findings import Finding, Preflight
from sf_elt.components.preflight.objects import about_stream, parents_of
from sf_elt.components.preflight.org import about_limits, about_versions
from sf_elt.counting import in_bytes
from sf_elt.salesforce import AllowanceSpent, AuthenticationFailed, Org, SalesforceError
from sf_elt.salesforce.asking import describe_together
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.connection.transport import Patience
from sf_elt.salesforce.limits import limits, versions
from sf_elt.salesforce.permissions import Rights, rights
from sf_elt.warehouse import JobMeter, Warehouse, WarehouseError, WarehouseUnreadable
from sf_elt.warehouse.writable import free_bytes, why_not_writable

JOB = "sf:check"
LITTLE_ROOM = 1 << 30  # bytes
AGAIN = "Look whether this machine reaches the org, and status.salesforce.com; then again:"


def preflight(
    deployment: Deployment,
    connection: str,
    warehouse: Warehouse,
    *,
    only: Sequence[ImportedStream] | None = None,
    patience: Patience | None = None,
) -> Preflight:
    """Tests a connection with everything that is imported and exported over it, or only some streams, in a few calls.

    `patience` is with an org that does not answer. Nothing is raised for what is wrong with the org, the login or the
    warehouse: it is a finding. Raises NotInDeployment.
    """
    streams = tuple(deployment.streams(connection) if only is None else only)
    resource = deployment.connection(connection).resource()
    found = [_of_warehouse(warehouse)]
    meter: JobMeter | None = None
    try:
        meter = resource.meter(warehouse, JOB, None)
        with resource.org(meter, patience) as org:
            found.append(Finding(connection, "login", "ok", _who(org)))
            for each in _Tests(deployment, connection, streams, with_exports=only is None).run(org):
                found.append(each)  # one by one: what was found stands, whatever comes next
    except AuthenticationFailed as error:
        to_do = resource.by_its_names(what_to_do(error))
        found.append(Finding(connection, "login", "missing", str(error), to_do))
    except AllowanceSpent as error:
        found.append(Finding(connection, "API calls", "missing", str(error), "Wait until then, or lower org_reserve."))
    except SalesforceError as error:
        to_do = resource.by_its_names(what_to_do(error)) or f"{AGAIN} sf-elt check {connection}"
        found.append(Finding(connection, "connection", "missing", str(error), to_do))
    except (OSError, WarehouseError) as error:  # the ledger of calls lies beside the warehouse
        says = f"API calls cannot be counted, so nothing is asked of the org: {error}"
        is_torn = isinstance(error, WarehouseUnreadable)
        to_do = without_ledger(warehouse) if is_torn else f"Let this user write to {warehouse.root}."
        found.append(Finding(connection, "connection", "missing", says, to_do))
    return Preflight(connection, tuple(found), meter.made if meter is not None else 0)


def without_ledger(warehouse: Warehouse) -> str:
    """What to do about a ledger of calls that cannot be read: it begins anew."""
    file = warehouse.calls().file
    return f"Move it away: mv {file} {file}.broken; rm -f {file}-wal {file}-shm"


@dataclass
class _Tests:
    """What is asked of an open org: four calls, and one more each for parents and for a session without a user name."""

    deployment: Deployment
    connection: str
    streams: Sequence[ImportedStream]
    with_exports: bool

    def run(self, org: Org) -> Iterator[Finding]:
        found = versions(org)
        yield from about_versions(self.connection, org.api_version, found)
        if org.api_version not in found.offered:
            return
        exports = list(self.deployment.exports_to(self.connection)) if self.with_exports else []
        objects = [*(each.spec.object for each in self.streams), *(each.object for each in exports)]
        beside = [CONTACT] if any(each.object == "Lead" and each.creates and each.matchers for each in exports) else []
        found_by = [each.find for export in exports for each in export.references()]
        describe_together(org, [*objects, *found_by, *beside])
        yield from about_limits(self.deployment, self.connection, limits(org))
        known = self._rights(org, list(dict.fromkeys(objects)))
        yield self._told(known)
        for each in self.streams:
            yield from about_stream(org, each, known)
        for export in exports:
            yield from about_export(org, export, known)

    def _rights(self, org: Org, objects: list[str]) -> Rights:
        """What was granted on the objects and on the parents that the YAML names."""
        parents = {
            parent
            for each in self.streams
            if each.spec.object in org.described
            for parent in parents_of(each.spec, org.described[each.spec.object])
        }
        describe_together(org, sorted(parents - org.described.keys()))
        asked = [*objects, *sorted(parents - set(objects))]
        return rights(org, asked) if asked else Rights()

    def _told(self, known: Rights) -> Finding:
        if known.fields and known.views_all is not None:
            held = ", ".join(known.sets) or f"the profile {known.profile} alone"
            return Finding(self.connection, "permissions", "ok", f"the user may know what was granted: {held}")
        return Finding(
            self.connection,
            "permissions",
            "warning",
            "the user may not know whether what it does not see exists, nor whether sharing keeps records from it",
            "So that every record comes: Object Permissions: View All on each imported object. To know here what is "
            "hidden: System Permissions: View Setup and Configuration.",
        )


def _who(org: Org) -> str:
    login = org.transport.login
    return f"{login.username or 'the user of the access token'} at {org.host}"


def _of_warehouse(warehouse: Warehouse) -> Finding:
    why = why_not_writable(warehouse)
    if why is not None:
        return Finding("warehouse", "writable", "missing", why, f"Let this user write to {warehouse.root}.")
    free = free_bytes(warehouse)
    says = f"{warehouse.file} can be written; {in_bytes(free)} are free on its disk"
    return Finding("warehouse", "writable", "warning" if free < LITTLE_ROOM else "ok", says)
