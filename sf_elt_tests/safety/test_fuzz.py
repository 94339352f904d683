"""Whatever is written into conditions, mappings, names, values, files and YAML: what is meant, or a clear error.

`make soak` draws fifty times as many, from SOAK_SEED.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sf_elt.cli.people_files import FileRefused, people_in_file
from sf_elt.components.audiences import Audiences
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.markdown import as_list, as_text
from sf_elt.components.wrong_yaml import WrongYaml, yaml_told_plainly
from sf_elt.demo_org.soql import parse
from sf_elt.demo_org.soql.ast import AllOf, Comparison, Membership, Text
from sf_elt.insight.condition_types import type_faults
from sf_elt.insight.conditions import ConditionRefused, parse_condition
from sf_elt.profiles.errors import MappingRefused
from sf_elt.profiles.manual.lists import read_pairs
from sf_elt.profiles.mapping.expressions import ExpressionRefused
from sf_elt.profiles.mapping.terms import terms_of
from sf_elt.salesforce import RequestRefused
from sf_elt.salesforce.describe import FieldDescribe
from sf_elt.salesforce.matching.values import cast
from sf_elt.salesforce.soql import all_of, among, literal, name, select, within
from sf_elt.salesforce.uploads import rows_in
from sf_elt.streams.events.batches import Place, batches
from sf_elt.streams.events.files import EventFile, EventSpec
from sf_elt.streams.events.refusals import FileUnreadable
from sf_elt.visible import visible
from sf_elt.warehouse import quote, quote_text
from sf_elt.writeback.field_sources import Template
from sf_elt_tests.safety.fuzz import in_seconds, mangled

NOW = datetime(2026, 11, 22, tzinfo=UTC)
COLUMNS = {"status": "VARCHAR", "score": "DOUBLE", "at": "TIMESTAMP", "tags": "VARCHAR[]"}
KINDS = ("id", "int", "double", "boolean", "date", "datetime")  # of fields that are matched otherwise than text
CONDITIONS = [
    "status = 'Open' and score > 65", "len(tags) > 0 or at > now() - interval 7 days", "in_audience('Loyal')",
    "CASE WHEN status LIKE 'a%' THEN score IS NULL ELSE true END", "upper(trim(status)) IN ('A', 'B')",
    "affinity('plants') > 0.5", "score BETWEEN 1 AND 2 AND NOT regexp_matches(status, '^a.*$')",
]  # fmt: skip
SOURCES = ["status", "status, score", "coalesce(status, 'x')", "cast(score as varchar)", "split_part(status, '@', 2)"]
CSV = ["email,company\nada@x.example,Acme\n", 'email;company\n"a""b@x";"c\nd"\n', "kind,value,other_kind,other_value\n"]
EVENTS = ['{"occurred_at": "2026-11-22T10:00:00Z", "email": "a@x.example", "topics": ["a"]}\n', "occurred_at,email\n"]
YAML = [
    "name: salesforce\nconnection: salesforce\nstart: '2026-01-01'\nobjects: [{object: Lead, stream: leads}]\n",
    "name: leads\nconnection: salesforce\nobject: Lead\nmatch: ids\nfields: {Title: {template: '{name}'}}\n",
    "audiences:\n  - {name: Loyal, condition: \"score > 65\", description: x}\n",
]  # fmt: skip


@pytest.fixture(params=[120, pytest.param(6000, marks=pytest.mark.soak)], ids=["few", "many"])
def texts(request: pytest.FixtureRequest) -> Callable[..., Iterator[str]]:
    seed = int(os.environ.get("SOAK_SEED", "2026"))

    def drawn(seeds: list[str], share: float = 1.0) -> Iterator[str]:
        yield from seeds  # as they are: some text is accepted, whatever the dice say
        yield from mangled(seed, int(request.param * share), seeds)

    return drawn


Texts = Callable[..., Iterator[str]]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB that reads no file, with one row."""
    with duckdb.connect(config={"enable_external_access": False, "threads": 1}) as connection:
        listed = ", ".join(f"NULL::{kind} AS {quote(name)}" for name, kind in COLUMNS.items())
        connection.execute(f'CREATE TABLE people AS SELECT {listed}, NULL::VARCHAR[] AS "in audiences"')
        yield connection


def test_conditions(texts: Texts, engine: duckdb.DuckDBPyConnection) -> None:
    """A condition is refused, or is one expression: one SELECT, and written and read again it is the same."""
    accepted = 0
    for text in texts(CONDITIONS):
        with in_seconds(10):
            try:
                condition = parse_condition(text, COLUMNS, ["Loyal"])
            except ConditionRefused:
                continue
            if type_faults({"Mine": condition}, COLUMNS):
                continue
            sql = f"SELECT ({condition.sql(NOW)}) FROM people"
            assert [each.type for each in engine.extract_statements(sql)] == [duckdb.StatementType.SELECT], text
            if not condition.topics:
                assert parse_condition(condition.text, COLUMNS, ["Loyal"]).text == condition.text, text
            accepted += 1
    assert accepted


def test_sources_of_the_mapping(texts: Texts, engine: duckdb.DuckDBPyConnection) -> None:
    """A source is refused, or each of its terms is one expression over the columns."""
    accepted = 0
    for text in texts(SOURCES, 0.3):
        with in_seconds(10):
            try:
                terms = terms_of(text, COLUMNS)
            except ExpressionRefused:
                continue
            for term in terms:
                assert len(engine.extract_statements(f"SELECT ({term.sql}) FROM people")) == 1, text
            accepted += 1
    assert accepted


def test_values_and_names(texts: Texts, engine: duckdb.DuckDBPyConnection) -> None:
    """Any text is one SOQL literal and one SQL literal, any name of a table one identifier; a SOQL name is refused."""
    for text in texts(["O'Neil", "Lead", "Account.Name", "a\\", "Frequent visitors", "Übergabe"]):
        with in_seconds(10):
            where = parse(select(["Id"], "Lead", f"Name = {literal(text[:500])}")).where
            assert isinstance(where, Comparison)
            assert isinstance(where.value, Text)
            assert where.value.value == text[:500]
            try:
                assert name(text) == text
                assert text.replace(".", "").replace("_", "").isalnum()
            except ValueError:
                pass
            if "\0" in text or not text:
                continue
            row = engine.execute(f"SELECT {quote_text(text)} AS {quote(text)}")
            assert row.description[0][0] == text
            assert row.fetchall() == [(text,)]


def test_values_of_matchers(texts: Texts) -> None:
    """A text is none that the field can have, or one value of one condition, in a window of time besides."""
    fields = [FieldDescribe(name="Field__c", type=kind) for kind in ("string", *KINDS)]
    accepted = set()
    for text in texts(
        ["a@x.example", "-1.5e3", "2024-02-29", "2026-11-22 10:00:00+02", "TRUE", "003D000000QYVi7"], 0.1
    ):
        with in_seconds(10):
            for field in fields:
                try:
                    value = cast(field, text)
                except ValueError:
                    continue
                window = within("SystemModstamp", NOW - timedelta(days=1), NOW)
                where = parse(select(["Id"], "Lead", all_of(window, among(field.name, [value])))).where
                assert isinstance(where, AllOf), (field.type, text)
                assert isinstance(where.parts[-1], Membership), (field.type, text)
                assert (len(where.parts), len(where.parts[-1].values)) == (2, 1), (field.type, text)
                accepted.add(field.type)
    assert accepted == {"string", *KINDS}


def test_results_of_uploads(texts: Texts, tmp_path: Path) -> None:
    """A file of results is refused, or gives rows of the columns that were asked for, and no others."""
    file = tmp_path / "results.csv"
    seeds = ['"sf__Id","sf__Created","Email"\n"00Q","true","a@x.example"\n', "sf__Id,sf__Error\n,X:y:--\n", "Id\r\n"]
    for text in texts(seeds):
        file.write_text(text, "utf-8", newline="")
        with in_seconds(10), suppress(RequestRefused):
            assert {name for row in rows_in(file, ["sf__Id", "Email"]) for name in row} <= {"sf__Id", "Email"}, text


def test_templates_of_values(texts: Texts) -> None:
    """A template is refused, or its texts and names are what was written."""
    accepted = 0
    for text in texts(["{first_name} {last_name}", "Score {score} of 100", "{ email }"]):
        with in_seconds(10):
            try:
                parts = list(Template(template=text).parts())
            except ValueError:
                continue
        written = "".join(f"{before}{{{name}}}" if name else before for before, name in parts)
        assert re.sub(r"\s", "", written) == re.sub(r"\s", "", text), text
        accepted += 1
    assert accepted


def test_texts_in_markdown(texts: Texts) -> None:
    """Any text is text, in a paragraph, a list and a cell: no link, picture or HTML, and it ends nothing."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    seeds = [
        "![x](http://x.example/a.png)",
        "[x][y]\n\n[y]: http://x.example",
        "<b onclick=x>|</b>",
        "a | b\n--|--\nc | d",
        "__a__ &lt; ~~b~~ 1. *c*",
    ]
    for text in texts(
        [
            *seeds,
            "`[x](y)`\\",
            "<http://x.example>",
            "# Title\n===",
            "- a\n- b",
            r"\[x\](y)",
            "__a__ &lt; ~~b~~ 1. *c*",
        ],
        0.5,
    ):
        with in_seconds(10):
            shown = as_text(text)
            for written, items in ((f"So: {shown}", 0), (as_list([f"So: {text}"] * 2), 2)):
                kinds = [each.type for each in _tokens(reader, written)]
                assert not {"link_open", "image", "html_inline", "html_block"} & set(kinds), repr(text)
                assert kinds.count("list_item_open") == items, repr(text)
            inline = "".join(each.content for each in _tokens(reader, shown) if each.type in _TEXTS)
            assert inline.replace("`", "") == visible(" ".join(text.split())).replace("`", ""), repr(text)
            cells = [each.content for each in reader.parse(f"|a|b|\n|-|-|\n| {shown} | end |") if each.type == "inline"]
            assert (len(cells), cells[-1]) == (4, "end"), repr(text)


_TEXTS = ("text", "text_special", "code_inline")


def _tokens(reader: MarkdownIt, text: str) -> Iterator[Token]:
    for each in reader.parse(text):
        yield from (each, *(each.children or ()))


@pytest.mark.soak
@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_lists_of_people_in_json(texts: Texts, tmp_path: Path, suffix: str) -> None:
    """A list is read, or refused with its name."""
    file = tmp_path / f"list.{suffix}"
    for text in texts(['{"email": "a@x.example", "company": ["Acme"]}\n', '[{"mail": null}, {"mail": 7}]'], 0.1):
        file.write_text(text, "utf-8", newline="")
        with in_seconds(10):
            try:
                people_in_file(file)
            except FileRefused as error:
                assert file.name in str(error)  # noqa: PT017 - where it is refused at all


def test_lists_of_people_and_links(texts: Texts, tmp_path: Path) -> None:
    """A file is read, or refused with its name."""
    file = tmp_path / "list.csv"
    for text in texts(CSV):
        file.write_text(text, "utf-8", newline="")
        for read, refusal in ((people_in_file, FileRefused), (read_pairs, MappingRefused)):
            with in_seconds(10):
                try:
                    read(file)
                except refusal as error:
                    refused = str(error)
                else:
                    refused = file.name
            assert file.name in refused


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_event_files(texts: Texts, tmp_path: Path, suffix: str) -> None:
    """Every line comes with its number, as an event or as what cannot be one; or the file is refused."""
    path = tmp_path / f"events.{suffix}"
    file = EventFile(path, suffix, gzipped=False)  # type: ignore[arg-type]  # one of its formats
    spec = EventSpec("web_events", (str(tmp_path),))
    for text in texts(EVENTS):
        path.write_text(text, "utf-8", newline="")
        with in_seconds(10):
            try:
                parts = list(batches(file, spec, Place(), path.stat().st_size, settled=True))
            except FileUnreadable:
                continue
        assert not parts or parts[-1].end.bytes == path.stat().st_size, repr(text)


@pytest.mark.parametrize("component", [SalesforceImport, SalesforceExport, Audiences])
def test_yaml(texts: Texts, component: type, tmp_path: Path) -> None:
    """YAML of a component is read, or refused as YAML or by the component's own rules; nothing in it is run."""
    for text in texts(YAML, 0.1):
        (tmp_path / "defs.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
        with in_seconds(10):
            try:
                with yaml_told_plainly(tmp_path):
                    read = yaml.safe_load(text)
                    if isinstance(read, dict):
                        component.model_validate(read)
            except (
                WrongYaml,
                yaml.YAMLError,
                ValueError,
            ):  # ValidationError, and a date of 99 months
                continue
