"""What an estimate asks of the org: limits, describes and counts, in a few calls."""

from collections.abc import Mapping

from sf_elt.components.deployment import Deployment, ImportedStream
from sf_elt.components.estimate.reckoning import Estimate, Reckoning, Settings, Wanted
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.preflight.objects import parents_of
from sf_elt.components.preflight.run import JOB as CHECK
from sf_elt.salesforce import Org, UnknownObject
from sf_elt.salesforce.asking import describe_together
from sf_elt.salesforce.connection.transport import IN_PERSON
from sf_elt.salesforce.counting import count_records, kept_counts
from sf_elt.salesforce.limits import limits
from sf_elt.salesforce.permissions import explained
from sf_elt.salesforce.soql import compare
from sf_elt.streams import StreamColumns, StreamSpec, stream_columns
from sf_elt.streams.estimating import measured_pace
from sf_elt.streams.reading import includes_deleted
from sf_elt.streams.windows import WHOLE
from sf_elt.warehouse import Warehouse

JOB = "sf:estimate"
TYPICAL_WIDTH = {"boolean": 5, "id": 18, "reference": 18, "date": 10, "datetime": 24, "textarea": 60}
OTHER_WIDTH = 12  # bytes of a value of another type in CSV, many of them empty


def estimate(deployment: Deployment, importer: SalesforceImport, warehouse: Warehouse) -> Estimate:
    """Asks the org for its limits, its objects and its counts: three calls, and one for each five objects beyond five.

    Raises SalesforceError where the org cannot be asked, SpecRefused and UnknownField where the import could not run.
    """
    resource = deployment.connection(importer.connection).resource()
    meter = resource.meter(warehouse, JOB, None)
    with resource.org(meter, IN_PERSON) as org:
        streams = list(deployment.streams_of(importer))
        reckoning = Reckoning(
            org=org,
            importer=importer,
            wanted=_wanted(org, streams),
            limits=limits(org),
            spent=warehouse.calls().spent(importer.spender),
            spent_by_us=_spent_by_us(deployment, importer.connection, warehouse),
            pace=measured_pace(warehouse, [each.spec.stream for each in streams]),
        )
        set_now = Settings(importer.max_daily_api_calls, resource.org_reserve, importer.transport)
        return reckoning.estimate(set_now, api_calls=meter.made)


def _wanted(org: Org, streams: list[ImportedStream]) -> tuple[Wanted, ...]:
    """Describes and counts everything at once."""
    specs = [each.spec for each in streams]
    describe_together(org, [spec.object for spec in specs])
    for spec in specs:
        if spec.object not in org.described:
            message = f"{spec.stream}: the org shows no object {spec.object!r}"
            raise explained(org, spec.object, UnknownObject(message, code="INVALID_TYPE"))
    parents = {spec.stream: set(parents_of(spec, org.described[spec.object])) for spec in specs}
    describe_together(org, sorted(set().union(*parents.values())))
    columns = {spec.stream: stream_columns(org, spec) for spec in specs}
    counted = _counted(org, specs, columns)
    return tuple(
        Wanted(
            spec,
            columns[spec.stream],
            counted[spec.stream],
            _width(org, spec, columns[spec.stream]),
            len(parents[spec.stream]),
        )
        for spec in specs
    )


def _counted(org: Org, specs: list[StreamSpec], columns: Mapping[str, StreamColumns]) -> dict[str, int | None]:
    """Rows of each stream; where the org cannot count in time, what it keeps of the whole object."""
    asked = {spec.stream: (spec.object, _since(spec, columns[spec.stream])) for spec in specs}
    counted = count_records(org, asked, include_deleted=includes_deleted(specs[0]))
    late = [spec for spec in specs if counted[spec.stream] is None]
    kept = (kept_counts(org, [spec.object for spec in late]) or {}) if late else {}
    return counted | {spec.stream: kept.get(spec.object) for spec in late}


def _since(spec: StreamSpec, columns: StreamColumns) -> str:
    is_cut = spec.since is not None and columns.timestamp_field != WHOLE
    return compare(columns.timestamp_field, ">=", spec.since) if is_cut else ""


def _width(org: Org, spec: StreamSpec, columns: StreamColumns) -> int:
    """Bytes of a row in CSV, about, by the types of its fields."""
    types = {field.name: field.type for field in org.described[spec.object].fields}
    return sum(1 + TYPICAL_WIDTH.get(types.get(name, "string"), OTHER_WIDTH) for name in columns.names)


def _spent_by_us(deployment: Deployment, connection: str, warehouse: Warehouse) -> int:
    ledger = warehouse.calls()
    jobs = [each.spender for each in deployment.imports if each.connection == connection]
    jobs += [each.spender for each in deployment.exports_to(connection)]
    return sum(ledger.spent(job) for job in [*jobs, JOB, CHECK])
