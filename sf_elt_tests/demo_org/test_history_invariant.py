"""History tells each field's life without a gap, whatever was saved."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.tables import table
from sf_elt_tests.demo_org.bench import PERSON, Bench
from sf_elt_tests.examples import some

FIELDS: dict[str, Any] = {
    "Title": st.sampled_from([None, "CTO", "N/A", "x" * 129]),  # the last is too long: that save is refused
    "Rating": st.sampled_from([None, "Hot", "Cold"]),
    "Score__c": st.sampled_from([None, 0, 1.5]),
    "Email": st.sampled_from([None, "a@example.org", "nobody"]),
    "City": st.sampled_from([None, "Paris"]),
}
TRACKED = ("Title", "Rating", "Score__c", "Email")
UPDATES = st.lists(st.fixed_dictionaries({}, optional=FIELDS), max_size=6)


@settings(max_examples=some(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.fixed_dictionaries({}, optional={"Rating": FIELDS["Rating"]}), updates=UPDATES)
def test_each_value_was_the_next_ones_old_value(bench: Bench, first: dict[str, Any], updates: list[Any]) -> None:
    """From the value at creation to that of today, every row of a field begins where the one before it ended."""
    lead = bench.new("Lead", **PERSON, **first)
    for each in updates:
        bench.save("update", "Lead", {"Id": lead, **each})
    with bench.store.reading() as connection:
        rows = connection.execute(
            f'SELECT "Field", "OldValue", "NewValue" FROM {table("LeadHistory")} WHERE "LeadId" = ? ORDER BY "Id"',
            [lead],
        ).fetchall()
    assert rows[0] == ("created", None, None)
    held: dict[str, Any] = dict.fromkeys(TRACKED) | first
    for name, old, new in rows[1:]:
        before, after = (None if each is None else json.loads(each) for each in (old, new))
        assert (before, before == after) == (held[name], False)
        held[name] = after
    assert tuple(held[name] for name in TRACKED) == bench.values(lead, *TRACKED)
