"""What a bulk job may be about (object, external id, hard delete, PK chunking) and who may see it."""

from sf_elt.demo_org.bulk.jobs import Job
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.schema import ObjectType, Schema

_CHUNKED = (
    "Account", "Asset", "Campaign", "CampaignMember", "Case", "Contact", "Contract", "Event", "EventRelation", "Lead",
    "LoginHistory", "Opportunity", "Task", "User", "WorkOrder", "WorkOrderLineItem",
)  # fmt: skip


def can_be_chunked(object_name: str) -> bool:
    """Whether an object's queries can be split by Id (Bulk API Developer Guide, "PK Chunking"): custom ones all can."""
    return object_name in _CHUNKED or object_name.endswith("__c")


def bulk_object(schema: Schema, name: str) -> ObjectType:
    """The object that a new job names. Raises OrgError."""
    found = schema.object(name)
    if found is None:
        raise OrgError(400, "INVALIDJOB", f"InvalidJob : Unable to find object: {name}")
    return found


def check_external_id(object_type: ObjectType, name: str | None) -> None:
    """Refuses an upsert by a field that is no external id. Raises OrgError."""
    found = object_type.field(name or "")
    if found is None or not (found.external_id or found.id_lookup):
        message = f"InvalidJob : Field name provided, {name or ''} does not match an External ID for {object_type.name}"
        raise OrgError(400, "INVALIDJOB", message)


def check_hard_delete(org: Org, user_id: str) -> None:
    """Refuses a hard delete by a user without the permission "Bulk API Hard Delete". Raises OrgError (recorded)."""
    if not org.access.may(user_id, "BulkApiHardDelete"):
        message = (
            "FeatureNotEnabled : hardDelete operation requires special user profile permission, please contact your "
            "system administrator"
        )
        raise OrgError(400, "FEATURENOTENABLED", message)


def check_owner(org: Org, user_id: str, job: Job) -> None:
    """A job and its results are there for who made it, and for who may view all data. Raises OrgError (404)."""
    if not may_see(org, user_id, job):
        raise not_found()


def may_see(org: Org, user_id: str, job: Job) -> bool:
    return job.created_by == user_id or org.access.may(user_id, "ViewAllData")


def no_assignment_rule(rule_id: str) -> OrgError:
    """The org has no assignment rules, so none can be named."""
    return OrgError(400, "INVALIDJOB", f"InvalidJob : Invalid assignmentRuleId: {rule_id}")
