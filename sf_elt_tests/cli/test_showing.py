"""Text from the org on a terminal: it stays readable, and does nothing."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sf_elt.cli.showing import Column, Format, Rows, readable, safe, safe_json, show

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
