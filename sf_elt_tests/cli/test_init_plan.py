"""What `sf-elt init` makes of answers: YAML that loads, with no more changed than was answered."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.cli.init.answers import Answers, AnswersRefused, OfConnection, OfExport, OfImport
from sf_elt.cli.init.planning import Plan, planned
from sf_elt.cli.init.proposing import answered, proposed
from sf_elt.cli.init.shipped import FILES, shipped_text
from sf_elt.cli.init.standing import read_standing
from sf_elt.cli.init.trying import tried
from sf_elt.cli.init.yaml_text import changed
from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.wrong_yaml import DEFS
from sf_elt.insight import Audience
from sf_elt_tests.examples import some

STANDING = read_standing(DEFS)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
API_NAMES = st.from_regex(r"[A-Z][a-z0-9]{0,12}(_[a-z0-9]{1,6})?(__c)?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), max_size=60)
TEXTS |= st.sampled_from(["{{ env('HOME') }}", "{% x %}", "a: b # c", "- no", "null", "123", "'", '"', "---", "true"])
OBJECTS = st.builds(
    ImportedObject,
    object=st.sampled_from(["Lead", "Contact", "Account", "Opportunity"]) | API_NAMES,
    fields=st.none() | st.just("all") | st.lists(API_NAMES, min_size=1, max_size=30, unique=True),
    exclude_fields=st.lists(API_NAMES, max_size=3),
    timestamp_field=st.none() | st.just("CreatedDate"),
    since=st.none()
    | st.datetimes(min_value=datetime(2001, 1, 1), timezones=st.just(UTC)).map(lambda at: at.isoformat()),
)
AUDIENCES = st.builds(
    Audience,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,20}", fullmatch=True) | st.sampled_from(["123", "None", "1e5"]),
    description=TEXTS,
    condition=st.sampled_from(
        ["recency > 60", "frequency BETWEEN 10 AND 30\n  AND intensity > 5", "created_at > now() - INTERVAL 7 DAYS",
         "affinity('It''s') > 0.5 -- often", "web_last_seen IS NULL"]
    ),
)  # fmt: skip


@st.composite
def _answers(draw: st.DrawFn) -> Answers:
    audiences = draw(st.lists(AUDIENCES, max_size=4, unique_by=lambda each: each.name.casefold()))
    objects = draw(st.lists(OBJECTS, min_size=1, max_size=5, unique_by=lambda each: each.stream))
    exports = st.builds(
        OfExport,
        object=st.sampled_from(["Lead", "Contact"]),
        name=NAMES,
        matchers=st.just({"Email": "email"}),
        audiences=st.lists(st.sampled_from([each.name for each in audiences]), max_size=2, unique=True).map(tuple)
        if audiences
        else st.just(()),
        audiences_field=API_NAMES,
        enabled=st.booleans(),
    )
    return Answers(
        connection=OfConnection(
            name=draw(NAMES),
            label=draw(TEXTS.filter(lambda text: "{" not in text)),
            org=draw(st.sampled_from(["production", "sandbox", "https://acme.my.salesforce.com"])),
            org_reserve=draw(st.integers(0, 100_000)),
        ),
        imports=OfImport(
            name=draw(NAMES),
            frequency=draw(st.sampled_from(["hourly", "5 minutes", "weekly", "0 7 * * *"])),
            max_daily_api_calls=draw(st.integers(3, 10**6)),
            objects=tuple(objects),
        ),
        audiences=tuple(audiences),
        exports=tuple(draw(st.lists(exports, max_size=2, unique_by=lambda each: each.name))),
    )


@pytest.mark.soak
@settings(max_examples=some(10), deadline=None)
@given(_answers())
def test_whatever_is_answered_loads(answers: Answers) -> None:
    """Into an empty folder: Dagster loads it, and it is what was answered."""
    _require_as_answered(answers)


def test_odd_answers_load() -> None:
    """What YAML takes for a number or nothing, quotes, colons, two lines: it is what was answered."""
    names = ("123", "None", "1e5")
    conditions = (
        "recency > 60",
        "frequency BETWEEN 10 AND 30\n  AND intensity > 5",
        "affinity('It''s') > 0.5 -- often",
    )
    told = [Audience(name=each, description=": 'yes' # \"no\"", condition=told)
            for each, told in zip(names, conditions, strict=True)]  # fmt: skip
    leads = ImportedObject(object="Lead", fields=["Email", "null"], since="2001-01-01T00:00:00+00:00")
    _require_as_answered(
        Answers(
            connection=OfConnection(name="no", label="- a: &b *c", org="sandbox", org_reserve=7),
            imports=OfImport(name="e1", frequency="0 7 * * *", max_daily_api_calls=3, objects=(leads,)),
            audiences=tuple(told),
            exports=(OfExport(object="Lead", name="on", matchers={"Email": "email"}, audiences=("123", "None"),
                              audiences_field="A__c", enabled=False),),
        )
    )  # fmt: skip


def _require_as_answered(answers: Answers) -> None:
    with TemporaryDirectory() as folder:
        into = Path(folder)
        found = tried(into, _texts(planned(answers, read_standing(into), into)))
    [importer] = found.imports
    told = answers.connection
    assert [(each.name, each.label, each.org) for each in found.connections] == [(told.name, told.label, told.org)]
    assert importer.max_daily_api_calls == answers.imports.max_daily_api_calls
    assert [each.model_dump() for each in importer.objects] == [each.model_dump() for each in answers.imports.objects]
    assert list(found.audiences) == [each.name for each in answers.audiences]
    assert [(each.name, each.audiences, each.enabled, each.keep_updated) for each in found.exports] == [
        (each.name, each.audiences, each.enabled, False) for each in answers.exports
    ]


ATTRIBUTES = st.dictionaries(
    st.sampled_from("abcde"),
    TEXTS | st.integers() | st.booleans() | st.lists(TEXTS | st.integers(), max_size=3)
    | st.lists(st.dictionaries(st.sampled_from("xyz"), TEXTS | st.lists(TEXTS, max_size=2), min_size=1), max_size=4),
    min_size=1,
)  # fmt: skip


@settings(max_examples=some(60), deadline=None)
@given(ATTRIBUTES, ATTRIBUTES, st.booleans())
def test_a_changed_document_says_what_was_wanted(
    before: dict[str, object], after: dict[str, object], indented: bool
) -> None:
    """Whatever it said before, and whatever is wanted; what is not changed stays letter for letter."""
    dumped = yaml.safe_dump({"attributes": before}, allow_unicode=True, width=200)
    text = f"# above\ntype: some.Type\n{dumped}" + ("  # below\n" if indented else "")
    assert yaml.safe_load(changed(text, after)) == {"type": "some.Type", "attributes": after}
    assert changed(text, before) == text


@pytest.mark.parametrize("kind", FILES)
def test_an_empty_deployment_begins_with_what_is_shipped(kind: str) -> None:
    """What init writes besides the answers is what sf_elt/defs has."""
    assert shipped_text(kind) == (DEFS / FILES[kind] / "defs.yaml").read_text("utf-8")


def test_nothing_changes_where_everything_stays() -> None:
    """The proposed answers leave the shipped deployment letter for letter as it is."""
    assert planned(proposed(STANDING, DEFS), STANDING, DEFS) == Plan(())


def test_only_what_was_answered_changes(tmp_path: Path) -> None:
    """Fewer objects: their lines go, those of the mapping that need them too; every other line and comment stays."""
    defs = _shipped(tmp_path)
    standing = read_standing(defs)
    told = {"imports": {"objects": ["Lead", "Contact", "Campaign"]}}
    answers = answered(told, standing, defs)
    plan = planned(answers, standing, defs)
    assert {each.file.parent.name for each in plan.changes} == {"imports", "profiles"}
    for change in plan.changes:
        assert change.before is not None
        before, after = change.before.splitlines(), change.after.splitlines()
        assert set(after) - set(before) <= {"    - object: Campaign"}
        gone = [line for line in before if line not in after and not line.lstrip().startswith("description:")]
        assert all(
            any(word in line for word in ("account", "Account", "pportunit", "Subscription__c")) for line in gone
        ), gone
    assert "salesforce_accounts, salesforce_opportunities" in " ".join(plan.notes)
    assert [each.object for each in tried(defs, _texts(plan)).imports[0].objects] == ["Lead", "Contact", "Campaign"]


def test_templates_in_what_stands_stay(tmp_path: Path) -> None:
    """They are no answers: only what is answered takes their place."""
    text = (
        "type: sf_elt.components.SalesforceConnection\n"
        "attributes:\n  name: salesforce\n  org: \"{{ env('ORG', 'sandbox') }}\"\n"
        "  org_reserve: \"{{ env('RESERVE', '5') }}\"\n---\n"
        "type: sf_elt.components.SalesforceImport\n"
        "attributes:\n  name: mine\n  connection: salesforce\n  start: '2026-01-01'\n"
        "  max_daily_api_calls: \"{{ env('CALLS', '50') }}\"\n"
        "  objects:\n    - object: Lead\n      since: \"{{ env('SINCE', '2026-01-01') }}\"\n---\n"
        "type: sf_elt.components.Profiles\n"
        "attributes:\n  mapping:\n    - {stream: salesforce_leads, source: lead_email, to: email, type: string, "
        "identifier: true}\n"
    )
    (tmp_path / "defs.yaml").write_text(text, "utf-8")
    standing = read_standing(tmp_path)
    assert planned(proposed(standing, tmp_path), standing, tmp_path) == Plan(())
    answers = answered({"connection": {"org_reserve": 7}}, standing, tmp_path)
    [change] = planned(answers, standing, tmp_path).changes
    assert change.after == text.replace("\"{{ env('RESERVE', '5') }}\"", "7")


def test_audiences_that_are_answered_come_to_those_that_stand(tmp_path: Path) -> None:
    """None goes, and the comments between them stay; the new one is the last."""
    new = {"name": "New leads", "description": "Of a week.", "condition": "web_last_seen > now() - INTERVAL 7 DAYS"}
    plan = planned(answered({"audiences": ["New", new]}, STANDING, DEFS), STANDING, DEFS)
    [change] = plan.changes
    assert ["does not send New leads" in note for note in plan.notes] == [True] * len(plan.notes)
    assert len(plan.notes) == len([each for each in STANDING.of("SalesforceExport") if each.attributes["audiences"]])
    assert change.before is not None
    assert change.after.startswith(change.before.rstrip("\n"))
    assert change.after.count("name: New leads") == 1


def test_a_second_org_stands_beside_the_first(tmp_path: Path) -> None:
    """In a folder of its own: names and streams that are free, and the whole loads."""
    defs = _shipped(tmp_path)
    standing = read_standing(defs)
    plan = planned(proposed(standing, defs / "second"), standing, defs / "second")
    found = tried(defs, _texts(plan))
    assert {each.name for each in found.connections} == {"salesforce", "sandbox"}
    assert {each.file.relative_to(defs).parts[0] for each in plan.changes} == {"second"}


def test_a_name_that_is_taken_is_in_the_way(tmp_path: Path) -> None:
    """Of a connection, an import, a stream, with the file that has it; nothing is changed there."""
    defs = _shipped(tmp_path)
    standing = read_standing(defs)
    answers = Answers(
        connection=OfConnection(), imports=OfImport(name="other", objects=(ImportedObject(object="Lead"),))
    )
    said = " ".join(planned(answers, standing, defs / "second").in_the_way)
    assert f"SalesforceConnection 'salesforce' stands in {defs / 'connection' / 'defs.yaml'} already" in said
    assert "writes the stream 'salesforce_leads' already: give Lead a `stream` of its own" in said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"connection": {"nmae": "x"}}, "connection.nmae: Extra inputs are not permitted"),
        ({"connection": {"org": "http://acme.example"}}, "must begin with https://"),
        ({"connection": {"label": "{{ env('HOME') }}"}}, "begin a template"),
        ({"imports": {"objects": []}}, "imports.objects: Tuple should have at least 1 item"),
        ({"audiences": [5]}, "audiences.15: Input should be a valid dictionary or instance of Audience"),
        ({"exports": [{"object": "Größe"}]}, "exports.0.object: 'Größe' is no name here: it takes letters"),
        ({"audiences": ["Frequent visitor"]}, "did you mean 'Frequent visitors'?"),
        ({"exports": [{"object": "Lead", "match": "salesforce_lead_ids"}]}, "writes nothing: give audiences_field"),
    ],
)
def test_answers_that_are_none_are_refused(told: dict[str, object], said: str) -> None:
    """With the place in the answers and what would be accepted."""
    with pytest.raises(AnswersRefused) as refused:
        answered(told, STANDING, DEFS)
    assert said in str(refused.value)


def _shipped(folder: Path) -> Path:
    return shutil.copytree(DEFS, folder / "defs", ignore=shutil.ignore_patterns("__pycache__"))


def _texts(plan: Plan) -> dict[Path, str]:
    assert plan.in_the_way == ()
    return {each.file: each.after for each in plan.changes}
