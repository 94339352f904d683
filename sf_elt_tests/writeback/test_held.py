"""When the org holds what was sent, though it says it in its own way."""

import pytest

from sf_elt.salesforce import FieldDescribe
from sf_elt.writeback.held import is_same


@pytest.mark.parametrize(
    ("kind", "wanted", "held", "same"),
    [
        ("string", "Ann ", "Ann", True),
        ("string", "a\r\nb", "a\nb", True),
        ("string", None, "", True),
        ("string", "Ann", "ann", False),
        ("string", "1", "1.0", False),
        ("email", "Ann@Example.com", "ann@example.com", True),
        ("double", "12", "12.0", True),
        ("double", "12.5", "12.6", False),
        ("double", "0.25", "0.3", True),
        ("double", "0.35", "0.3", True),
        ("double", "12.5", "N/A", False),
        ("double", "0", None, False),
        ("datetime", "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:06.000+0000", True),
        ("datetime", "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000+0000", False),
        ("datetime", "0001-01-01T00:00:00+14:00", "2026-02-03T04:05:07.000+0000", False),
        ("multipicklist", "Data;Email", "Email;Data", True),
        ("multipicklist", "Data;Email", "Data", False),
        ("reference", "00Q000000000001", "00Q000000000001EAA", True),
        ("boolean", "true", "true", True),
        ("boolean", "true", "false", False),
    ],
)
def test_values_are_compared_as_the_org_stores_them(kind, wanted, held, same):
    """Spaces, time zones, the order of multi-select values and trailing zeros do not make a difference; values do."""
    assert is_same(FieldDescribe(name="F", type=kind, scale=1), wanted, held) is same
