"""Fuzzy links in the YAML of Profiles: accepted, or refused with file, line and attribute."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from sf_elt_tests.components.test_yaml import load_changed

BEFORE = "  # What keeps two people"
FUZZY = """  fuzzy:
    threshold: 0.9
    frequency: weekly
    compare:
      - {name: last_name, as: name, from: {salesforce_leads: lead_last_name, salesforce_contacts: LastName}}
      - {name: email, as: email, from: {salesforce_leads: lead_email, salesforce_contacts: contact_email}}
      - {name: phone, as: phone, from: {salesforce_leads: lead_phone, salesforce_contacts: Phone}}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("threshold: 0.9", "threshold: 0.9", "^nothing$"),
        ("threshold: 0.9", "threshold: 0.2", r"threshold: .* greater than or equal to 0\.5"),
        ("as: phone", "as: fone", r"compare\.2\.as: Input should be 'name', 'email'"),
        ("lead_last_name", "lead_lastname", r"compare\.0\.from: salesforce_leads: .*did you mean lead_last_name"),
        ("threshold: 0.9", "block_on: [[emial]]", r"block_on\.0: `emial` is no field .*did you mean email"),
        ("frequency: weekly", "frequency: weakly", r"frequency: .*did you mean 'weekly'"),
    ],
)
@pytest.mark.skipif(find_spec("splink") is None, reason="Splink is not installed: make test installs it")
def test_fuzzy_links_in_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str) -> None:
    """Sound options load; each fault is told with its place and what would be accepted."""
    lines = FUZZY.replace(old, new, 1)
    told = load_changed(tmp_path, "profiles/defs.yaml", BEFORE, f"{lines}{BEFORE}", monkeypatch)
    assert re.search(said if new == old else rf"profiles/defs\.yaml:\d+ attributes\.fuzzy\.{said}", told)


def test_without_splink_they_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what installs the package, and names the line that asks for it."""
    monkeypatch.setattr("sf_elt.profiles.fuzzy.options.find_spec", lambda name: None)
    told = load_changed(tmp_path, "profiles/defs.yaml", BEFORE, f"{FUZZY}{BEFORE}", monkeypatch)
    assert re.search(r"profiles/defs\.yaml:\d+ attributes\.fuzzy: fuzzy links are found by Splink", told)
    assert ".venv/bin/pip install --constraint constraints.txt splink" in told
