"""Links and unlinks in the YAML of Profiles: accepted, or refused with file and line and without anybody's data."""

import re
from pathlib import Path

import pytest

from sf_elt_tests.components.test_yaml import load_changed

BEFORE = "  # What keeps two people"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("links: [{one: {email: a@x.org}, other: {web_cookies: c1}}]", "^nothing$"),
        (
            "links: [{one: {email: a@x.org}, other: {web_cookies: c1}}]\n"
            "  unlinks:\n    - {one: {web_cookies: c1}, other: {email: A@x.org}}",
            r"profiles/defs\.yaml:(\d+): keeps apart two identifiers that are linked by \S*profiles/defs\.yaml:\d+$",
        ),
        (
            "links: [{one: {emial: a@x.org}, other: {web_cookies: c1}}]",
            r"profiles/defs\.yaml:\d+: `emial` is no identifier of the mapping \(did you mean email\?\)$",
        ),
        ("unlinks_file: apart.csv", r"profiles/defs\.yaml:\d+: \S*profiles/apart\.csv cannot be read: No such file"),
        ("links: [{one: a@x.org, other: {email: b}}]", r"profiles/defs\.yaml:\d+ attributes\.links\.0\.one: .*$"),
    ],
)  # fmt: skip
def test_lists_in_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, said: str) -> None:
    """Sound lists load; a contradiction, an unknown identifier and a missing file are refused as the project loads."""
    told = load_changed(tmp_path, "profiles/defs.yaml", BEFORE, f"  {lines}\n{BEFORE}", monkeypatch)
    assert re.search(said, told)
    assert "@" not in told
