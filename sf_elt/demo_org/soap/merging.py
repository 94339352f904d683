"""What becomes of records beyond their fields, over SOAP: merge, convertLead, emptyRecycleBin."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from starlette.concurrency import run_in_threadpool

from sf_elt.demo_org.saving import (
    ConvertedLead,
    LeadConversion,
    Merge,
    MergeOutcome,
    convert_leads,
    empty_recycle_bin,
)
from sf_elt.demo_org.saving import merge as merge_records
from sf_elt.demo_org.soap.envelope import SoapFault, child, child_text, children, flag, texts
from sf_elt.demo_org.soap.operation import Asked
from sf_elt.demo_org.soap.records import read_record
from sf_elt.demo_org.soap.writing import check_count, errors, options_of, result
from sf_elt.demo_org.soap.xml import XmlValue

MOST_CONVERSIONS = 100


async def merge(asked: Asked) -> XmlValue:
    """Each request names a master record, with what it is to say afterwards, and one or two that go.

    The WSDL calls them `request`; jsforce calls them `mergeRequests`.
    """
    given = [_merge(each) for name in ("request", "mergeRequests") for each in children(asked.arguments, name)]
    check_count(asked, given)
    named = [(asked.object_type(kind).name, request) for kind, request in given]
    return [_merged(asked, each) for each in await run_in_threadpool(_merge_all, asked, named)]


async def convert_lead(asked: Asked) -> XmlValue:
    given = [_conversion(each) for each in children(asked.arguments, "leadConverts")]
    if len(given) > MOST_CONVERSIONS:
        raise SoapFault("EXCEEDED_LEAD_CONVERT_LIMIT", f"cannot convert more than {MOST_CONVERSIONS} leads in one call")
    check_count(asked, given)
    outcomes = await run_in_threadpool(
        convert_leads, asked.org.store, asked.user_id, given, schema=asked.schema, options=options_of(asked)
    )
    return [_converted(asked, each) for each in outcomes]


async def empty_bin(asked: Asked) -> XmlValue:
    """Removes deleted records for good."""
    given = texts(asked.arguments, "ids")
    check_count(asked, given)
    outcomes = await run_in_threadpool(empty_recycle_bin, asked.org.store, given, schema=asked.schema)
    return [result(asked, each) for each in outcomes]


def _merge_all(asked: Asked, given: Sequence[tuple[str, Merge]]) -> list[MergeOutcome]:
    return [
        outcome
        for name, request in given
        for outcome in merge_records(asked.org.store, asked.user_id, name, [request], schema=asked.schema)
    ]


def _merge(found: Element) -> tuple[str, Merge]:
    """One merge and the type of its records."""
    master = child(found, "masterRecord")
    if master is None:
        raise SoapFault("MISSING_ARGUMENT", "masterRecord not specified")
    kind, record = read_record(master)
    return kind, Merge(record, tuple(texts(found, "recordToMergeIds")))


def _merged(asked: Asked, outcome: MergeOutcome) -> XmlValue:
    return {
        "errors": errors(asked, outcome.errors),
        "id": outcome.id,
        "mergedRecordIds": outcome.merged_record_ids,
        "success": outcome.success,
        "updatedRelatedIds": outcome.updated_related_ids,
    }


def _conversion(found: Element) -> LeadConversion:
    return LeadConversion(
        lead_id=child_text(found, "leadId") or "",
        converted_status=child_text(found, "convertedStatus") or "",
        account_id=child_text(found, "accountId"),
        contact_id=child_text(found, "contactId"),
        opportunity_id=child_text(found, "opportunityId"),
        opportunity_name=child_text(found, "opportunityName"),
        owner_id=child_text(found, "ownerId"),
        do_not_create_opportunity=flag(found, "doNotCreateOpportunity"),
        overwrite_lead_source=flag(found, "overwriteLeadSource"),
    )


def _converted(asked: Asked, outcome: ConvertedLead) -> XmlValue:
    return {
        "accountId": outcome.account_id,
        "contactId": outcome.contact_id,
        "errors": errors(asked, outcome.errors),
        "leadId": outcome.lead_id,
        "opportunityId": outcome.opportunity_id,
        "success": outcome.success,
    }
