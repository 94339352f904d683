"""The mapping is checked before anything runs, and says what would be accepted."""

import csv
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

import sf_elt
import sf_elt_tests
from sf_elt.profiles import FieldRule, Guards, check_guards, check_mapping
from sf_elt_tests.profiles.streams import IDENTIFIERS, rule

COLUMNS = {
    "salesforce_leads": {
        "lead_id": "VARCHAR",
        "lead_email": "VARCHAR",
        "lead_created_date": "TIMESTAMP",
        "lead_amount": "DECIMAL(18,2)",
        "lead_employees": "BIGINT",
        "lead_topics": "VARCHAR[]",
    }
}
EMAIL = rule("salesforce_leads", "lead_email", "email", identifier=True, clean="email")


def faults(**changed: object) -> list[str]:
    """The faults of a mapping with an email and one more rule."""
    more = {"stream": "salesforce_leads", "source": "lead_email", "to": "field", "type": "string", **changed}
    return check_mapping([EMAIL, FieldRule.model_validate(more)], COLUMNS)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"source": "lead_emial"}, "no column lead_emial (did you mean lead_email?)"),
        ({"stream": "salesforce_leeds"}, "no stream salesforce_leeds (did you mean salesforce_leads?)"),
        ({"type": "bool"}, "cannot set *bool* field `field` from *string* field `lead_email`"),
        ({"type": "bool"}, "or write source: try_cast(lead_email AS BOOLEAN)"),
        (
            {"type": "date", "source": "lead_amount"},
            "cannot set *date* field `field` from *number* field `lead_amount`",
        ),
        ({"type": "date", "source": "lead_amount"}, "or write source: CAST(lead_amount AS BIGINT)"),
        ({"source": "lead_created_date"}, "cannot set *string* field `field` from *date* field `lead_created_date`"),
        ({"source": "lead_topics"}, "cannot set *string* field `field` from *[]string* field `lead_topics`"),
        (
            {"source": "lead_topics"},
            "fits a field of type *[]string*; or write source: array_to_string(lead_topics, ', ')",
        ),
        ({"source": "lead_topics, lead_email", "type": "[]string"}, "all of the columns have lists, or none"),
        ({"source": "lead_amount", "type": "int"}, "cannot set *int* field `field` from *number* field `lead_amount`"),
        (
            {"source": "date_trunc('day', lead_created_date)"},
            "cannot set *string* field `field` from *date* field `date_trunc('day', lead_created_date)`",
        ),
        ({"source": "upper(lead_emial)"}, "there is no column `lead_emial` (did you mean lead_email?)"),
        ({"source": "uper(lead_email)"}, "the function `uper` is not accepted (did you mean upper?)"),
        ({"source": "leads.lead_email || ''"}, "write `lead_email` instead of `leads.lead_email`"),
        ({"source": "lead_employees / now()"}, "`now` is not accepted: a source must say the same whenever it is read"),
        ({"source": "today()", "type": "date"}, "`today` is not accepted"),
        ({"source": "read_text('/etc/passwd')"}, "the function `read_text` is not accepted"),
        ({"source": "(SELECT 1)"}, "a source is a plain expression"),
        ({"source": "lead_email ="}, "this is no SQL expression: something is missing after `=`. Line 1, Col: 12"),
        ({"source": "lead_email IN"}, "`lead_email IN` names no values: write lead_email IN"),
        ({"source": "lead_employees + lead_topics"}, "No function matches the given name and argument types"),
        ({"source": "'x' || 'y'", "to": "email", "identifier": True}, "would make one person of all rows"),
        ({"source": "lead_created_date", "type": "map", "merge": "valuecount"}, "from *date* field"),
        (
            {"type": "map", "merge": "set"},
            "merge `set` cannot make a *map*; accepted are first, latest, oldest, valuecount",
        ),
        ({"capacity": 3}, "`capacity` is for merge `set`, and this one is `latest`"),
        ({"keep_days": 3}, "`keep_days` is for merge `set`"),
        ({"region": "US"}, "`region` is for clean `phone`, and this one is `none`"),
        ({"region": "GER", "clean": "phone"}, "there is no region GER"),
        ({"clean": "phone", "source": "lead_topics", "type": "[]string"}, "clean `phone` needs text"),
        ({"source": "lead_created_date", "clean": "email"}, "clean `email` needs text"),
        ({"merge": "sum"}, "merge `sum` cannot make a *string*; accepted are first, latest, max, min, oldest"),
        ({"merge": "set"}, "merge `set` cannot make a *string*"),
        ({"type": "number", "source": "lead_amount", "identifier": True}, "an identifier is text"),
        ({"to": "updated_at"}, "`updated_at` is a column of every profile"),
        ({"to": "Lead Status"}, "lower-case letters, digits and underscores"),
        ({"to": "email"}, "differ in identifier: false, true"),
        ({"to": "email", "identifier": True}, "salesforce_leads: lead_email → email is there twice"),
        ({"to": "email", "identifier": True}, "the rules of user field `email` differ in clean: email, none"),
    ],
)
def test_a_fault_of_the_mapping_is_named(changed: dict[str, object], says: str) -> None:
    """Each fault is one sentence that names the rule, the fault and what would do."""
    assert any(says in fault for fault in faults(**changed)), faults(**changed)


def test_a_sound_mapping_has_no_faults() -> None:
    """Numbers take whole numbers, texts take numbers, lists take texts, dates take texts, and counts take anything."""
    for changed in (
        {"source": "lead_employees", "type": "number"},
        {"source": "lead_employees"},
        {"type": "[]string", "merge": "set"},
        {"source": "lead_topics", "type": "[]string"},
        {"source": "lead_created_date", "type": "int", "merge": "count"},
        {"source": "lead_mail, lead_email"},
        {"source": "array_to_string(lead_topics, ', ')"},
        {"source": "LEAD_EMPLOYEES > 10", "type": "bool"},
        {"source": "CASE WHEN lead_employees > 10 THEN 'big' ELSE 'small' END"},
        {"source": "lead_amount * 2", "type": "number"},
        {"type": "date"},
        {"source": "lead_employees", "type": "date"},
        {"type": "map"},
        {"source": "lead_topics", "type": "map", "merge": "valuecount"},
        {"type": "[]string", "merge": "set", "capacity": 3, "keep_days": 90},
        {"clean": "phone", "region": "DE"},
        {"stream": "salesforce_contacts", "to": "email", "identifier": True, "clean": "email"},
    ):
        assert faults(**changed) == []


def test_a_stream_without_an_identifier_is_refused() -> None:
    """None of its rows would belong to anybody."""
    (fault,) = faults(stream="salesforce_opportunities")
    assert fault.startswith("salesforce_opportunities: none of its rules is an identifier")


def test_guards_name_identifiers() -> None:
    """A guard on something else is a slip."""
    (fault,) = check_guards(Guards(max_per_kind={"emails": 3}), [EMAIL])
    assert "did you mean email?" in fault
    with pytest.raises(ValidationError):
        Guards(max_per_kind={"email": 0})


def test_the_default_mapping_holds_all_94_facts() -> None:
    """Every documented source field fills the documented user field, with its type, identifier and description."""
    file = Path(sf_elt_tests.__file__).with_name("default_mapping.csv")
    facts = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    text = Path(sf_elt.__file__).with_name("defs").joinpath("profiles/defs.yaml").read_text("utf-8")
    attributes = yaml.safe_load(text)["attributes"]
    rules = [FieldRule.model_validate(line) for line in attributes["mapping"]]
    found = {(r.stream, r.source, r.user_field, "yes" if r.identifier else "", r.type, r.description) for r in rules}
    columns = ("stream", "source", "user_field", "identifier", "type", "description")
    assert len(facts) == 94
    assert {tuple(fact[column] for column in columns) for fact in facts} - found == set()
    assert check_mapping(rules, {}) == []
    assert check_guards(Guards.model_validate(attributes["guards"]), rules) == []
    assert {r.user_field for r in rules if r.stream == "web_events"} >= {"email", "web_cookies"}


def test_the_identifiers_of_these_tests_are_those_of_the_default_mapping() -> None:
    """What the other tests of this room prove holds for the default mapping's identifiers."""
    text = Path(sf_elt.__file__).with_name("defs").joinpath("profiles/defs.yaml").read_text("utf-8")
    rules = [FieldRule.model_validate(line) for line in yaml.safe_load(text)["attributes"]["mapping"]]
    plain = {r.model_copy(update={"description": ""}) for r in rules}
    assert set(IDENTIFIERS) <= plain
