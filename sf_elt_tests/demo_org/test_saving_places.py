"""Countries and states of saved addresses."""

from typing import Any

import pytest

from sf_elt_tests.demo_org.bench import PERSON, Bench

WHERE = ("Country", "CountryCode", "State", "StateCode")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Country": "france"}, ("France", "FR", None, None)),
        ({"CountryCode": "fr"}, ("France", "FR", None, None)),
        ({"Country": "US", "State": "ca"}, ("United States", "US", "California", "CA")),
        ({"CountryCode": "AU", "StateCode": "WA"}, ("Australia", "AU", "Western Australia", "WA")),
        ({"Country": "Germany", "CountryCode": "FR"}, ("France", "FR", None, None)),
        ({"Country": "France", "State": "Bretagne"}, ("France", "FR", "Bretagne", None)),
    ],
)
def test_a_place_has_a_name_and_a_code(bench: Bench, given: dict[str, Any], kept: tuple[str | None, ...]) -> None:
    """Either gives the other; the code counts; a country without known states takes any."""
    assert bench.values(bench.new("Lead", **PERSON, **given), *WHERE) == kept


def test_a_state_belongs_to_the_country_that_the_record_has(bench: Bench) -> None:
    """Also where only the state changes; clearing either clears both."""
    contact = bench.new("Contact", LastName="A", MailingCountryCode="CA", OtherCountry="Spain")
    bench.save("update", "Contact", {"Id": contact, "MailingState": "Quebec", "OtherCountry": None})
    names = ("MailingStateCode", "MailingCountry", "OtherCountry", "OtherCountryCode")
    assert bench.values(contact, *names) == ("QC", "Canada", None, None)


@pytest.mark.parametrize(
    ("given", "field", "what"),
    [
        ({"Country": "Atlantis"}, "Country", "country/territory from the list of valid countries.: Country"),
        ({"CountryCode": "US", "State": "Bavaria"}, "State", "state from the list of valid states.: State/Province"),
        ({"CountryCode": "US", "StateCode": "QC"}, "StateCode", "valid states.: State/Province Code"),
    ],
)
def test_a_place_that_is_in_no_list_is_refused(bench: Bench, given: dict[str, Any], field: str, what: str) -> None:
    """FIELD_INTEGRITY_EXCEPTION, with the field's label at the end."""
    code, message, fields = bench.error("insert", "Lead", **PERSON, **given)
    assert (code, fields) == ("FIELD_INTEGRITY_EXCEPTION", (field,))
    assert message.endswith(what)
