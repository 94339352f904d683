"""What verdicts tell besides counts."""

from pathlib import Path

import pytest

from sf_elt.warehouse import Warehouse
from sf_elt.writeback import ExportMisconfigured, ExportSpec
from sf_elt.writeback.looking import require_fields_fit, set_aside_by_code
from sf_elt.writeback.verdicts import judge
from sf_elt_tests.writeback.people import NOW, Lead, Person, fill
from sf_elt_tests.writeback.test_verdicts import LEAD

SPEC = ExportSpec(name="leads", object="Lead", match="salesforce_lead_ids", fields={"AnnualRevenue": "title"})


@pytest.mark.parametrize(
    ("unfit", "fit", "rests"),
    [(20, 0, True), (19, 0, False), (20, 1, False)],
    ids=["none fits", "too few to tell", "one fits"],
)
def test_a_field_that_takes_no_value_is_no_bad_row(tmp_path: Path, unfit: int, fit: int, rests: bool) -> None:
    """Where its type has changed the export rests, in a message without the values; bad rows are set aside."""
    titles = ["secret"] * unfit + ["12"] * fit
    ids = [f"00Q0000000000{number:02}EAA" for number in range(len(titles))]
    warehouse = Warehouse(tmp_path / "warehouse")
    people = [
        Person(record_id, [record_id], values={"title": title}) for record_id, title in zip(ids, titles, strict=True)
    ]
    fill(warehouse, people, [Lead(record_id) for record_id in ids])
    with warehouse.read() as connection:
        judge(connection, SPEC, LEAD, now=NOW)
        (reason,) = set_aside_by_code(connection)
        assert (reason.code, reason.records) == ("INVALID_TYPE_ON_FIELD_IN_RECORD", unfit)
        if not rests:
            require_fields_fit(connection, SPEC)
            return
        says = r"Lead\.AnnualRevenue is a \*currency\* field and can hold none of the \*string\* values of 20 records$"
        with pytest.raises(ExportMisconfigured, match=says):
            require_fields_fit(connection, SPEC)
