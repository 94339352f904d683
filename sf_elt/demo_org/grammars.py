"""Parsers made from `.lark` files. What Lark computes of a grammar, half a second of work, is kept for later processes.

parser_of("sf_elt.demo_org.soql", "grammar.lark", start="query", maybe_placeholders=True)
"""

import fcntl
import sys
from importlib.resources import files
from importlib.util import cache_from_source
from pathlib import Path
from typing import BinaryIO, TypeVar

from lark import Lark, Token, Transformer

Built = TypeVar("Built")


def parser_of(
    package: str,
    file: str,
    *,
    start: str,
    maybe_placeholders: bool,
    transformer: Transformer[Token, Built] | None = None,
) -> Lark:
    """The LALR parser of a package's grammar.

    What is kept is a pickle, so it lies where Python keeps bytecode, which is trusted as much, and only where Python
    writes that. Lark makes it anew for another grammar, Python or Lark, and where a killed process left half of it.
    """
    path = Path(str(files(package) / file))
    with path.open("rb") as opened:
        keep = not sys.dont_write_bytecode and _locked(opened)
        return Lark(
            opened.read().decode(),
            start=start,
            parser="lalr",
            maybe_placeholders=maybe_placeholders,
            transformer=transformer,
            cache=str(Path(cache_from_source(str(path))).with_suffix(".lark-tables")) if keep else False,
        )


def _locked(opened: BinaryIO) -> bool:
    """Waits until no other process reads or writes what is kept, as Lark writes in place. Not every disk can lock."""
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
    except OSError:
        return False
    return True
