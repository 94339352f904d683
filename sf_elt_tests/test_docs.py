"""The documentation holds: its links lead somewhere, its tables name what there is, its examples run."""

import json
import os
import re
import shlex
import shutil
import types
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import duckdb
import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

import sf_elt.components
from sf_elt.cli import app
from sf_elt.cli.init.trying import tried
from sf_elt.components.attributes import Attributes
from sf_elt.demo_org.seeding.events import write_events
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.insight import Audience, compute_affinities, refresh_audiences, score_behaviour
from sf_elt.profiles import FieldRule, Guards, build_profiles
from sf_elt.salesforce import Login, connect
from sf_elt.streams import EventSpec, StreamSpec, Window, import_events, import_window
from sf_elt.warehouse import JobMeter, Warehouse
from sf_elt.writeback import ExportSpec, run_export
from sf_elt_tests.cli.lines import lines_of
from sf_elt_tests.pages import FENCE, PAGES, ROOT, Block, blocks, links
from sf_elt_tests.test_views_page import undescribed

COMPONENTS = {
    name: each for name in sf_elt.components.__all__ if issubclass(each := getattr(sf_elt.components, name), Attributes)
}
STREAMS = {
    "Account": "salesforce_accounts",
    "Contact": "salesforce_contacts",
    "Lead": "salesforce_leads",
    "Opportunity": "salesforce_opportunities",
    "OpportunityContactRole": "salesforce_opportunity_contact_roles",
    "Subscription__c": "salesforce_subscriptions",
}

# [text](target), also around a picture; <img src="target">; [name]: target
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ATTRIBUTE_TABLE = re.compile(r"^\| Attribute of `([\w.]+)` \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Described:
    """One row of a table of attributes: the attribute's name and its cell for the default."""

    page: Path
    name: str
    default: str


def _attribute_tables() -> dict[str, list[Described]]:
    """What a table is about (`SalesforceImport.objects`) → its rows."""
    tables: dict[str, list[Described]] = {}
    for page in PAGES:
        for subject, rows in _ATTRIBUTE_TABLE.findall(page.read_text("utf-8")):
            for row in rows.splitlines():
                name, default, *_ = (cell.strip() for cell in row.strip("|").split("|"))
                tables.setdefault(subject, []).append(Described(page, name.strip("`"), default))
    return tables


def _fields(subject: str) -> dict[str, FieldInfo]:
    """The attributes of a component, or of an item in one of its lists, by the names that the YAML uses."""
    component, *path = subject.split(".")
    model: type[BaseModel] = COMPONENTS[component]
    for part in path:
        model = _model_in(model.model_fields[part].annotation)
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: object) -> type[BaseModel]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        assert issubclass(annotation, BaseModel), annotation
        return annotation
    return _model_in(get_args(annotation)[0])


def _subjects(component: str, model: type[BaseModel] | None = None) -> Iterator[str]:
    """The component and those of its attributes, and of theirs, that have attributes of their own."""
    yield component
    for name, field in (model or COMPONENTS[component]).model_fields.items():
        try:
            inner = _model_in(field.annotation)
        except (AssertionError, IndexError):
            continue
        yield from _subjects(f"{component}.{name}", inner)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file of the project, and an anchor a heading in it."""
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        is_elsewhere = re.match(r"[a-z]+:", target) is not None
        if not is_elsewhere and not (
            file.is_relative_to(ROOT) and file.exists() and (not anchor or anchor in _anchors(file))
        ):
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_readme() -> None:
    """No page is left that nobody finds who begins at the beginning and follows links."""
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in PAGES and page not in reached:
            reached.add(page)
            ahead += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("subject", [subject for name in COMPONENTS for subject in _subjects(name)])
def test_tables_name_every_attribute_with_its_default(subject: str) -> None:
    """A table of attributes and the component have the same names; a default in backticks is the component's."""
    fields = _fields(subject)
    described = {each.name: each for each in _attribute_tables()[subject]}
    assert described.keys() == fields.keys()
    for name, field in fields.items():
        default = described[name].default
        assert (default == "required") == field.is_required(), name
        if default.startswith("`"):
            assert _as_yaml(default.strip("`")) == _plain(field.get_default(call_default_factory=True)), name


def test_every_table_of_attributes_is_about_a_component() -> None:
    """No table describes a component that there is none of."""
    assert _attribute_tables().keys() <= {subject for name in COMPONENTS for subject in _subjects(name)}


@pytest.mark.parametrize(
    "block", [each for each in blocks("yaml") if each.text.startswith("type: sf_elt.components.")], ids=str
)
def test_yaml_of_components_is_accepted(block: Block) -> None:
    """The YAML has the shape that `dg check yaml` holds it to, and values within the limits."""
    for document in yaml.safe_load_all(block.text):
        component = COMPONENTS[document["type"].rpartition(".")[2]]
        component.model().model_validate(document["attributes"])
        component.model_validate(document["attributes"])


@pytest.mark.parametrize("block", blocks("sql"), ids=str)
def test_sql_runs(block: Block, warehouse: Warehouse) -> None:
    """Each statement runs, read-only, in a warehouse that holds everything a deployment makes."""
    statements = duckdb.extract_statements(block.text)
    assert statements
    with warehouse.read() as connection:
        for statement in statements:
            connection.execute(statement.query).fetchall()


def test_views_and_tables_say_what_they_hold(warehouse: Warehouse) -> None:
    """Each documented view with its columns, each table for analysts, each user field: as comments in DuckDB."""
    assert undescribed(warehouse) == []


@pytest.mark.parametrize("block", [each for each in blocks("python") if not each.is_test_file], ids=str)
def test_python_runs(
    block: Block, warehouse: Warehouse, details: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example runs as it stands, with a warehouse and what an org printed, its login in the environment too."""
    shutil.copytree(warehouse.root, tmp_path / "data" / "warehouse")
    (tmp_path / "org.json").write_text(details.as_json())
    monkeypatch.chdir(tmp_path)
    for name, value in _environment(details).items():
        monkeypatch.setenv(name, value)
    exec(compile(block.text, str(block), "exec"), {"__name__": "example"})


def test_the_quick_start_holds(
    warehouse: Warehouse, details: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commands run, with an org and what was imported of it, but for those that other tests run as they are; its
    answers become YAML that loads.
    """
    for folder in ("data/demo/warehouse", "data/warehouse"):
        shutil.copytree(warehouse.root, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    for name, value in _environment(details).items():
        monkeypatch.setenv(name, value)
    page = [each for each in blocks("yaml") + blocks("sh") if each.page.name == "quick-start.md"]
    [answers] = [each.text for each in page if each.text.startswith("connection:")]
    Path("answers.yaml").write_text(answers, "utf-8")
    lines = [line for each in page if each.language == "sh" for line in lines_of(each.text)]
    assert len(lines) == 12
    of_other_tests = {"sf-elt login salesforce", "sf-elt check", "sf-elt estimate", "sf-elt setup"}
    assert of_other_tests < set(lines)
    for line in dict.fromkeys(each for each in lines if each not in of_other_tests):
        more = {"init": ["--show", "--yes", "--offline"]}.get(line.split()[1], [])
        more = more[2:] if "--into" in line else more
        done = CliRunner().invoke(app, [*shlex.split(line)[1:], *more])
        assert done.exit_code == 0, f"{line}: {done.output}"
    assert tried(tmp_path / "sf_elt" / "defs", {}).audiences == ("Frequent visitors", "New leads")


def test_the_notebook_runs(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells run one after the other, from its own folder, on a warehouse that is named from the project's; each
    that ends in a question gives an answer. It is kept without outputs, which would be personal data.
    """
    file = ROOT / "notebooks" / "analysis.ipynb"
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("SF_ELT_DATA", os.path.relpath(warehouse.root, ROOT))
    monkeypatch.setenv("MPLBACKEND", "agg")
    cells = [each for each in json.loads(file.read_text("utf-8"))["cells"] if each["cell_type"] == "code"]
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in cells:
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert [names[each].empty for each in ("funnel", "sizes", "scores", "bands", "calls")] == [False] * 5
    assert all(not each["outputs"] and each["execution_count"] is None for each in cells)


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    """A small org for all examples."""
    with running_org(seed=7, records=60) as details:
        yield details


@pytest.fixture(scope="module")
def warehouse(details: Details, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse after one pass over everything: imports, events, profiles, scores, audiences, an export."""
    root, now = tmp_path_factory.mktemp("docs"), datetime.now(UTC)
    warehouse = Warehouse(root / "warehouse")
    always = Window(datetime(1970, 1, 1, tzinfo=UTC), now)
    meter = JobMeter(warehouse.calls(), "import:docs", details.instance_url)
    write_events(root / "events", seed=7, records=60, now=now)
    mapping = yaml.safe_load((ROOT / "sf_elt/defs/profiles/defs.yaml").read_text("utf-8"))["attributes"]
    everybody = Audience(name="Everybody", description="All profiles.", condition="created_at IS NOT NULL")
    own = yaml.safe_load((ROOT / "sf_elt/defs/audiences/defs.yaml").read_text("utf-8"))["attributes"]["audiences"]
    spec = ExportSpec(name="leads", object="Lead", match="salesforce_lead_ids", audiences_field="Audiences__c")
    run = {"now": now, "run_id": "docs"}
    with closing(connect(Login.from_env(_environment(details)), meter)) as org:
        for object_name, stream in STREAMS.items():
            import_window(org, meter, warehouse, StreamSpec(stream, object_name), always, **run)
        import_events(warehouse, EventSpec("web_events", (str(root / "events"),)), **run)
        build_profiles(
            warehouse, [FieldRule(**line) for line in mapping["mapping"]], Guards(**mapping["guards"]), **run
        )
        score_behaviour(warehouse, **run)
        compute_affinities(warehouse, **run)
        refresh_audiences(warehouse, [everybody, *(Audience(**each) for each in own)], **run)
        assert run_export(org, warehouse, spec, **run).succeeded > 0
    return warehouse


def _environment(details: Details) -> dict[str, str]:
    return {
        "SALESFORCE_INSTANCE_URL": details.instance_url,
        "SALESFORCE_LOGIN_URL": details.instance_url,
        "SALESFORCE_USERNAME": details.username,
        "SALESFORCE_PASSWORD": details.password,
        "SALESFORCE_SECURITY_TOKEN": details.security_token,
    }


def _as_yaml(text: str) -> object:
    """The value that YAML gives; a text that YAML has other uses for (`*/15 * * * *`) is itself."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
