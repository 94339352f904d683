"""What was probably meant."""

import pytest

from sf_elt.salesforce import did_you_mean


@pytest.mark.parametrize(
    ("name", "cutoff", "hint"),
    [
        ("Leads", 0.6, " (did you mean Lead?)"),
        ("CONTACT", 1.0, " (did you mean Contact?)"),
        ("Leads", 1.0, ""),
        ("Opportunity", 0.6, ""),
    ],
)
def test_the_nearest_name_is_offered(name: str, cutoff: float, hint: str) -> None:
    """One name, in any letter case, and nothing where none is near enough."""
    assert did_you_mean(name, ["Contact", "Lead"], cutoff=cutoff) == hint
