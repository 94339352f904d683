"""What is kept of a grammar between processes."""

import sys
from importlib.resources import files
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from sf_elt.demo_org.grammars import parser_of


def test_what_is_kept_is_used_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies with the bytecode, gives the same tree, and half of it is made anew; none where Python keeps none."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    kept = Path(cache_from_source(str(files("sf_elt.demo_org.metadata") / "formula.lark"))).with_suffix(".lark-tables")
    kept.parent.mkdir(parents=True)

    def tree() -> object:
        parser = parser_of("sf_elt.demo_org.metadata", "formula.lark", start="formula", maybe_placeholders=False)
        return parser.parse("Seats__c * 2 + 1")

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    plain = tree()
    assert not kept.exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert tree() == plain
    whole = kept.read_bytes()
    assert tree() == plain
    assert kept.read_bytes() == whole
    kept.write_bytes(whole[: len(whole) // 2])
    assert tree() == plain
    assert len(kept.read_bytes()) > len(whole) // 2
