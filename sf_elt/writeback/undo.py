"""Undo: a run's writes become a plan that puts back what stood there before, deletes what was made, brings back what
was deleted.

    found = plan_undo(org, warehouse, spec, now=now, run_id=run_id, dry_run=True)    # of the last run that wrote
    run_undo(org, warehouse, spec, now=now, run_id=run_id)                           # in run.py: planned, then sent

Only fields that still hold what the run wrote are put back; a record that somebody has worked on, or to which others
refer, is not deleted. What was undone stays undone: the export remembers what it wanted (`writeback.confirmed`), and
writes a record again once that changes. Records that were made and deleted again are not made anew
(`writeback.matches`, outcome `undone`); those that were deleted and brought back are not deleted again.

Records of other objects that the run made on the way, for its own to refer to, go once these are gone, by a plan of
the export that has made them. They are made again where another new record needs them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from uuid import uuid4

from sf_elt.salesforce import ObjectDescribe, Org, describe
from sf_elt.salesforce.referring import objects_referring
from sf_elt.warehouse import Warehouse, WarehouseEmpty
from sf_elt.writeback.counting import counting
from sf_elt.writeback.errors import NothingToUndo
from sf_elt.writeback.held import Values, as_text, chunks, look_up
from sf_elt.writeback.missing_references import exports_of_references
from sf_elt.writeback.plan import SAMPLE_RECORDS, FieldChange, Plan
from sf_elt.writeback.putting_back import Kept, Step, Written, fields_looked_at, left_in_use, take_back
from sf_elt.writeback.resolve import resolve_in_doubt
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.undo_plans import commit_undo, keep_unmade
from sf_elt.writeback.writes_of_run import is_undo, last_run, writes_of_run

AT_ONCE = 2000

Going = Mapping[str, frozenset[str]]
"""Ids of records, by object, that are deleted before others are."""

NOBODY: Going = MappingProxyType({})


@dataclass(frozen=True)
class MadeOnTheWay:
    """Records that an export of references has made for those of a run."""

    export: ExportSpec
    writes: Sequence[Written]


@dataclass(frozen=True)
class UndoPlan:
    """What an undo means to send, and what it leaves as it is."""

    undoes: str
    """The run whose writes are taken back."""
    plan: Plan
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]
    on_the_way: tuple[MadeOnTheWay, ...] = ()
    """What is taken back once this is done: each by a plan of its own."""
    afterwards: tuple["UndoPlan", ...] = ()
    """In a dry run: these plans, as they would be."""

    @property
    def as_one(self) -> Plan:
        """The plan, with the counts of what follows it."""
        plans = [self.plan, *(each.plan for each in self.afterwards)]
        by_operation = Counter[str]()
        for each in plans:
            by_operation.update(each.rows_by_operation)
        return replace(
            self.plan,
            rows_planned=sum(each.rows_planned for each in plans),
            rows_set_aside=sum(each.rows_set_aside for each in plans),
            rows_by_operation=dict(sorted(by_operation.items())),
        )


def plan_undo(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    *,
    now: datetime,
    run_id: str,
    undoes: str = "",
    force: bool = False,
    dry_run: bool = False,
) -> UndoPlan:
    """Finds out what takes a run's writes back, and commits it as the export's plan before anything is sent.

    `undoes`: the run; by default the last one that wrote something and was not undone. `force`: records that the run
    made are deleted though somebody has worked on them. A dry run remembers nothing.

    Raises NothingToUndo, and what `plan_export` raises.
    """
    makers = exports_of_references(spec)
    undoing = _Undoing(org, warehouse, now, run_id, force, dry_run)
    with counting(org) as calls:
        confirmed = [undoing.resolved(each) for each in (spec, *makers)]
        undoes, writes, made = _writes(warehouse, spec, makers, undoes)
        found = undoing.planned(spec, undoes, writes, is_own=True)
        going = _deleted_by(found)
        afterwards = list[UndoPlan]()
        for each in made if dry_run else ():
            afterwards.append(undoing.planned(each.export, undoes, each.writes, going=going))
            going = {**going, **_deleted_by(afterwards[-1])}
        plan = replace(found.plan, confirmed_by_lookup=sum(confirmed), api_calls=calls.made)
    return replace(found, plan=plan, on_the_way=tuple(made), afterwards=tuple(afterwards))


def plan_undo_on_the_way(
    org: Org,
    warehouse: Warehouse,
    made: MadeOnTheWay,
    undoes: str,
    *,
    now: datetime,
    run_id: str,
    force: bool = False,
) -> UndoPlan:
    """The same for records that were made on the way, once those that referred to them are gone."""
    with counting(org) as calls:
        found = _Undoing(org, warehouse, now, run_id, force).planned(made.export, undoes, made.writes)
        return replace(found, plan=replace(found.plan, api_calls=calls.made))


@dataclass(frozen=True)
class _Undoing:
    """One undo, of whichever exports."""

    org: Org
    warehouse: Warehouse
    now: datetime
    run_id: str
    force: bool
    dry_run: bool = False

    def resolved(self, spec: ExportSpec) -> int:
        """Finds out what became of records in doubt; gives how many the org holds as they were sent."""
        if self.dry_run:
            return 0
        described = describe(self.org, spec.object)
        return resolve_in_doubt(self.org, self.warehouse, spec, described, now=self.now, run_id=self.run_id)

    def planned(
        self, spec: ExportSpec, undoes: str, writes: Sequence[Written], *, going: Going = NOBODY, is_own: bool = False
    ) -> UndoPlan:
        """The plan that takes these writes back, committed. `is_own`: what it deletes is not made again."""
        described = describe(self.org, spec.object)
        steps, kept, sample = _steps(self.org, described, writes, going, force=self.force)
        plan_id = uuid4().hex
        if not self.dry_run:
            with self.warehouse.write() as connection:
                commit_undo(
                    connection, spec, plan_id, undoes, steps, kept, self.force, now=self.now, run_id=self.run_id
                )
                if is_own:
                    keep_unmade(connection, spec, described, steps, now=self.now)
        touched = {id(step.written) for step in steps} | {id(each.written) for each in kept}
        plan = Plan(
            plan_id=plan_id,
            export=spec.name,
            describe=described,
            rows_planned=len(steps),
            rows_unchanged=len(writes) - len(touched),
            rows_set_aside=len(kept),
            rows_refused_before=0,
            rows_without_record=0,
            rows_by_operation=dict(sorted(Counter(step.operation for step in steps).items())),
            confirmed_by_lookup=0,
            api_calls=0,
            dry_run=self.dry_run,
            sample=tuple(sample) if self.dry_run else (),
        )
        return UndoPlan(undoes, plan, tuple(steps), tuple(kept))


def _deleted_by(found: UndoPlan) -> Going:
    ids = (step.written.record_id for step in found.steps if step.operation == "delete")
    return {found.plan.describe.name: frozenset(ids)}


def _writes(
    warehouse: Warehouse, spec: ExportSpec, makers: Sequence[ExportSpec], run: str
) -> tuple[str, list[Written], list[MadeOnTheWay]]:
    """The run, the records that it has written, and those that were made on the way, in whichever run."""
    try:
        with warehouse.read() as connection:
            run = run or last_run(connection, spec.name, [each.name for each in makers])
            found = writes_of_run(connection, spec.name, run)
            made, referring = list[MadeOnTheWay](), found
            for each in makers:
                writes = writes_of_run(connection, each.name, run, made=_referred_to(referring))
                referring = [*referring, *writes]
                made += [MadeOnTheWay(each, writes)] if writes else []
            if not found and not made and is_undo(connection, spec.name, run):
                raise NothingToUndo(
                    f"run {run} was an undo itself, which cannot be undone: what it put back stands until the values "
                    "that the export writes change, and is then written again"
                )
    except WarehouseEmpty:
        raise NothingToUndo(f"export {spec.name!r} has written nothing yet") from None
    if not found and not made:
        raise NothingToUndo(f"run {run!r} of export {spec.name!r} has written nothing: `sf-elt export list` names runs")
    return run, found, made


def _referred_to(writes: Sequence[Written]) -> set[str]:
    """What may be Ids among the values of records that were made."""
    made = (value for written in writes if written.operation == "create" for value in written.payload.values())
    return {value for value in made if isinstance(value, str) and len(value) == 18}


def _steps(
    org: Org, described: ObjectDescribe, writes: Sequence[Written], going: Going, *, force: bool
) -> tuple[list[Step], list[Kept], list[FieldChange]]:
    steps, kept, sample = list[Step](), list[Kept](), list[FieldChange]()
    for some in chunks(writes, AT_ONCE):
        fields = sorted(set().union(*(fields_looked_at(described, each) for each in some)))
        held = look_up(org, described.name, fields, sorted({each.record_id for each in some}))
        for written in some:
            step, stays = take_back(described, written, held.get(written.record_id), force=force)
            kept += stays
            if step is not None:
                steps.append(step)
            if step is not None and len(steps) <= SAMPLE_RECORDS:
                sample += _changes(step, held.get(written.record_id, {}))
    in_use = _in_use(org, described, steps, going, force=force)
    return [step for step in steps if id(step) not in in_use], [*kept, *in_use.values()], sample


def _in_use(
    org: Org, described: ObjectDescribe, steps: Sequence[Step], going: Going, *, force: bool
) -> dict[int, Kept]:
    """By the step's identity: why what it would delete stays, since others refer to it that do not go before."""
    deletes = [step for step in steps if step.operation == "delete"]
    ids = frozenset(step.written.record_id for step in deletes)
    referring = objects_referring(org, described, sorted(ids), but={**going, described.name: ids})
    found = {
        id(step): left_in_use(step.written, referring.get(step.written.record_id, ()), force=force) for step in deletes
    }
    return {step: kept for step, kept in found.items() if kept is not None}


def _changes(step: Step, held: Values) -> list[FieldChange]:
    written = step.written
    return [
        FieldChange(written.record_id, written.profile_id, field, as_text(held.get(field)), as_text(value))
        for field, value in step.payload.items()
    ]
