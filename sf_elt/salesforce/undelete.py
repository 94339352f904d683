"""Deleted records brought back from the recycle bin, which the SOAP API alone does, up to 200 in one call."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import OrgUnavailable
from sf_elt.salesforce.soap import PARTNER, call, save_result
from sf_elt.salesforce.write import SaveResult, check_count


def undelete_records(org: Org, ids: Sequence[str], *, all_or_none: bool = False) -> list[SaveResult]:
    """Brings records of any objects back, with what was deleted because of them: one result for each, in their order.

    A record fails as UNDELETE_FAILED where it is not in the bin: it lives, or its fifteen days are over (SOAP API
    Developer Guide, "undelete()"). Raises what writing raises (`write`); the call is not repeated once it may have been
    carried out, since the second one could not tell what the first has brought back.
    """
    check_count("undelete", ids)
    whole = f"<AllOrNoneHeader><allOrNone>{str(all_or_none).lower()}</allOrNone></AllOrNoneHeader>"
    results = call(org, PARTNER, "undelete", "".join(f"<ids>{escape(each)}</ids>" for each in ids), headers=whole)
    if len(results) != len(ids):
        raise OrgUnavailable(f"the org answered an undelete of {len(ids)} records with {len(results)} results")
    told = [result.findtext(PARTNER.tag("id")) or "" for result in results]
    if any(found and found[:15] != an_id[:15] for an_id, found in zip(ids, told, strict=True)):
        raise OrgUnavailable(f"the org answered an undelete of {len(ids)} records with results of other records")
    return [save_result(PARTNER, record_id, result) for record_id, result in zip(ids, results, strict=True)]
