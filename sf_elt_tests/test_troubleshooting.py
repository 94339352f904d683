"""docs/troubleshooting.md: what it quotes is what the code says, and no error is left out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from sf_elt_tests.pages import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
QUOTED = re.findall(r"^### .*?`([^`]+)`", PAGE, re.MULTILINE)
CODES = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \| (?!Means)(?=.*\|.*\|$)", PAGE, re.MULTILINE)
ROOMS = ("salesforce", "streams", "profiles", "insight", "writeback", "warehouse", "alerts")
ANYTHING = "\N{HORIZONTAL ELLIPSIS}"


@cache
def said() -> str:
    """Every text in the code of the project, one a line: what is filled in at run time is an ellipsis."""
    texts = []
    for file in sorted((ROOT / "sf_elt").rglob("*.py")):
        if "demo_org" not in file.parts:
            texts += [_text(node) for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    return "\n".join(re.sub(r"\s+", " ", each) for each in texts if each).lower()


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each) or ANYTHING for each in node.values)
    return ""


def is_said(words: str) -> bool:
    """Whether a text of the code has these words, with anything in place of an ellipsis."""
    pattern = "[^\n]*?".join(re.escape(part.strip()) for part in words.lower().split(ANYTHING))
    return re.search(pattern, said()) is not None


@pytest.mark.parametrize("words", QUOTED)
def test_every_quoted_message_is_in_the_code(words: str) -> None:
    """A message that is worded anew is found here before somebody looks for it in vain."""
    assert max(len(part) for part in words.split(ANYTHING)) >= 10, "too little to find anything by"
    assert is_said(words)


def test_every_code_in_a_table_is_in_the_code() -> None:
    """Salesforce's codes, and our own, that the tables explain are those that the project knows."""
    codes = [code for cell in CODES for code in re.findall(r"`([^`]+)`", cell)]
    assert len(codes) > 20
    assert [code for code in codes if not is_said(code) and f"class {code}" not in _sources()] == []


def test_every_error_is_explained() -> None:
    """The errors of each room, by the tree in its docstring, stand in the list by name."""
    listed = set(re.findall(r"`(\w+)`", PAGE.partition("## By the name of the error")[2]))
    trees = [(ROOT / "sf_elt" / room / "__init__.py").read_text("utf-8") for room in ROOMS]
    named = {name for tree in trees for name in re.findall(r"[├└]── (\w+)", tree)}
    assert len(named) > 35
    assert named - listed == set()


@cache
def _sources() -> str:
    return "\n".join(Path(file).read_text("utf-8") for file in sorted((ROOT / "sf_elt").rglob("*.py")))
