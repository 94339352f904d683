"""Write-back: plan what to send, send it, remember each record's outcome.

    spec = ExportSpec(name="leads", object="Lead", match="salesforce_lead_ids", audiences_field="Audiences__c")
    plan_export(org, warehouse, spec, now=now, run_id=run_id, dry_run=True).sample   # what would change, nothing else
    report = run_export(org, warehouse, spec, now=now, run_id=run_id)                # plan_export, then send_plan

What is compared, sent and remembered are the mapped fields only: a field that is not mapped is never touched. A null
clears a field that is the export's own (audiences, scores) or that the export has written before; it never clears a
value that somebody else wrote. Outcomes are in `writeback.sync_log`, values before the write in `previous_values`.

Errors:

    ExportError
    ├── ExportMisconfigured    the spec names what the org or the profiles do not have, or what cannot be written
    ├── ExportNotReady         what the export reads has not been imported or built yet
    ├── NoSuchSubject          nobody that the export writes goes by what was asked
    ├── NotApproved            no such plan waits for approval
    ├── NothingToUndo          the run has written nothing, or cannot be undone
    └── PlanSuperseded         another run of the same export has made a newer plan
"""

from sf_elt.writeback.errors import (
    ExportError,
    ExportMisconfigured,
    ExportNotReady,
    NoSuchSubject,
    NotApproved,
    NothingToUndo,
    PlanSuperseded,
)
from sf_elt.writeback.outcomes import outcomes_over_time
from sf_elt.writeback.plan import FieldChange, Plan, plan_export
from sf_elt.writeback.report import ExportReport, Waiting
from sf_elt.writeback.run import run_export, run_undo
from sf_elt.writeback.send import send_plan
from sf_elt.writeback.spec import TOP_TOPICS, ExportSpec
from sf_elt.writeback.undo import UndoPlan, plan_undo
from sf_elt.writeback.why import SendingExplained, explain_sending

__all__ = [
    "TOP_TOPICS",
    "ExportError",
    "ExportMisconfigured",
    "ExportNotReady",
    "ExportReport",
    "ExportSpec",
    "FieldChange",
    "NoSuchSubject",
    "NotApproved",
    "NothingToUndo",
    "Plan",
    "PlanSuperseded",
    "SendingExplained",
    "UndoPlan",
    "Waiting",
    "explain_sending",
    "outcomes_over_time",
    "plan_export",
    "plan_undo",
    "run_export",
    "run_undo",
    "send_plan",
]
