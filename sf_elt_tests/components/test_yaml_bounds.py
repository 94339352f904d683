"""YAML without measure, or that says a thing twice, is refused before anything is built of it, with file and line."""

from pathlib import Path

import pytest

from sf_elt.components.wrong_yaml import DEFS, WrongYaml, yaml_told_plainly
from sf_elt.components.yaml_bounds import why_refused

LAUGHS = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 10)}]\n" for each in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, ":6: with what its aliases .* more than 200,000 values"),
        ("type: x\nattributes: " + "[" * 5000, ":2: it is nested too deep"),
        ("type: x\nattributes:\n  name: one\n  name: two\n", ":4: 'name' stands there twice"),
        ("type: x\n---\ntype: x\ntype: y\n", ":4: 'type' stands there twice"),
        ("# nothing\n", "defs.yaml: it is empty"),
        ("type: \0", "defs.yaml: unacceptable character"),
        ("type: é".encode("latin-1"), "defs.yaml: it is not UTF-8"),
    ],
    ids=["billion laughs", "nesting", "key twice", "key twice in the second", "empty", "zero byte", "latin-1"],
)
def test_what_has_no_measure_is_refused(text: str | bytes, said: str, tmp_path: Path) -> None:
    """Nothing is loaded of it, and the error is one of the YAML."""
    (tmp_path / "defs.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(WrongYaml, match=said), yaml_told_plainly(tmp_path):
        pytest.fail("it is read")


@pytest.mark.parametrize(
    "text",
    [
        "\ufefftype: x\r\nattributes:\r\n  name: one\r\n",
        "base: &b {name: one}\nlist: [*b, *b]\nmore: {<<: *b, kind: two}\n",
        "a: {name: one}\nb: {name: one}\nc: [{name: one}, {name: one}]\nname: {a: name}\n",
        "a: [",
    ],
    ids=["byte order mark and CRLF", "aliases", "one name in several places", "what YAML's own reader says"],
)
def test_what_has_a_measure_is_left_to_the_reader(text: str, tmp_path: Path) -> None:
    """Aliases, merged mappings, and one key in several mappings are YAML as it is meant."""
    file = tmp_path / "defs.yaml"
    file.write_text(text, "utf-8", newline="")
    assert why_refused(file) is None


def test_what_is_shipped_is_accepted() -> None:
    """All of the deployment's own files."""
    assert {why_refused(each) for each in DEFS.rglob("defs.yaml")} == {None}
