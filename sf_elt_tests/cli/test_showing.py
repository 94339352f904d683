"""Text from the org on a terminal: it stays readable, and does nothing."""

import csv
import io
import json
import unicodedata

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from sf_elt.cli.showing import (
    Column,
    Format,
    Rows,
    broken_at_words,
    broken_markup,
    chosen,
    readable,
    safe,
    safe_json,
    show,
)

TEXTS = st.text() | st.text(st.sampled_from("\x1b[]\x07\x9b\x85\u2028\u202e\u200d\r\n\t a😀é"))


@given(TEXTS)
@example("\x1b[2J")
@example("👩\u200d💻 naïve\xa0text")
def test_what_is_shown_is_harmless(text: str) -> None:
    """No control character but a line's end where lines are kept; ordinary text is not touched."""
    for shown in (safe(text), safe(text, keep_lines=True).replace("\n", "")):
        assert not [each for each in shown if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")]
        assert not [
            each for each in shown if unicodedata.bidirectional(each) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI")
        ]
    if text.isprintable():
        assert safe(text) == text


@given(TEXTS)
def test_json_for_a_terminal_is_the_same_json(text: str) -> None:
    """What would be obeyed is in JSON's own escapes, so the value is still the value."""
    shown = safe_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert safe(shown) == shown


def test_values_are_shown_as_people_write_them() -> None:
    """Moments of UTC, whole numbers, yes and no, addresses in one line; text that only looks like it is kept."""
    address = {"street": "1 Main St", "city": "Lima", "state": None, "postalCode": "15001", "country": "Peru"}
    shown = [readable(each) for each in (None, True, 5100.0, 0.5, "2026-08-05T09:25:19.000+0000", "00042", address)]
    assert shown == ["", "yes", "5100", "0.5", "2026-08-05 09:25 UTC", "00042", "1 Main St, Lima, 15001, Peru"]


def test_what_is_copied_is_never_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a table is too narrow for a plan's id, each row is told in lines."""
    monkeypatch.setenv("COLUMNS", "60")
    plan_id = "6892284be200446f96384de0161b5540"
    columns = [Column("told", "Told"), Column("plan_id", "Plan", whole=True)]
    show(columns, Rows([{"told": "broken nowhere " * 4, "plan_id": plan_id}], 1), Format.table)
    assert plan_id in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "40")
    show(columns, Rows([{"told": "broken nowhere " * 4, "plan_id": plan_id}], 1), Format.table)
    assert plan_id in capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80, 200])
def test_numbers_stand_on_the_right_and_nothing_is_wider_than_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is copied stays whole: in a narrow terminal each row is told in lines."""
    monkeypatch.setenv("COLUMNS", str(width))
    columns = [
        Column("stream", "Stream", whole=True),
        Column("rows", "Rows", right=True),
        Column("lag", "Lag", right=True),
    ]
    rows = [{"stream": "salesforce_opportunities", "rows": "1,234,567", "lag": "61 min"}] * 2
    show(columns, Rows(rows, 2), Format.table)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    if width > 40:
        assert lines[2].split("  ")[-1].strip() == "61 min"
    assert any("salesforce_opportunities" in line for line in lines)


@pytest.mark.parametrize(
    ("rows", "alone", "text"),
    [
        ([], False, "[]"),
        ([{"a": 1}], False, '[{"a":1}]'),
        ([{"a": 1}, {"a": None}], False, None),
        ([{"a": 1}], True, None),
    ],
)
def test_json_is_one_document(
    rows: list[dict[str, object]], alone: bool, text: str | None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A list, also of none or one; the record itself where a command is about one."""
    show([], Rows(rows, alone=alone), Format.json)
    written = capfdbinary.readouterr().out.decode()
    assert json.loads(written) == (rows[0] if alone else rows)
    assert text is None or written == f"{text}\n"


def test_sentences_end_their_lines_at_words() -> None:
    """Commands in backticks and addresses stay whole; indents, empty lines and short lines are as they were."""
    said = "say:  this\n\n  then run `sf-elt login salesforce --jwt`, or see https://login.example.com/services/oauth2"
    assert broken_at_words(said, 36).split("\n") == [
        "say:  this",
        "",
        "  then run",
        "  `sf-elt login salesforce --jwt`,",
        "  or see",
        "  https://login.example.com/services/oauth2",
    ]
    styled = broken_markup("[dim]Enter takes what is in brackets.[/]", 24)
    assert styled.markup == "[dim]Enter takes what is in[/dim]\n[dim]brackets.[/dim]"


def test_json_goes_with_no_other_format() -> None:
    """What was asked for twice, and differently, is refused."""
    assert chosen(None, as_json=True) == chosen(Format.json, as_json=True) == Format.json
    with pytest.raises(typer.BadParameter, match="--json is --format json"):
        chosen(Format.csv, as_json=True)


def test_no_cell_of_csv_is_a_formula(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """What a spreadsheet would compute has an apostrophe before it; all else is as it is, and so is JSON Lines."""
    values = ["=1+1", "+1 415", "-x", "@x", "\tx", "\rx", "\n=x", "＝1", -5, "a=b", "5"]
    rows = [{"value": value} for value in values]
    show([Column("value", "Value")], Rows(rows), Format.csv)
    assert [*csv.reader(io.StringIO(capsysbinary.readouterr().out.decode(), newline=""))] == [
        [each]
        for each in ["value", "'=1+1", "'+1 415", "'-x", "'@x", "'\tx", "'\rx", "'\n=x", "'＝1", "-5", "a=b", "5"]
    ]
    show([Column("value", "Value")], Rows(rows), Format.jsonl)
    assert [json.loads(line)["value"] for line in capsysbinary.readouterr().out.splitlines()] == values
