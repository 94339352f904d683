"""Findings on a terminal: of `sf-elt check` and `sf-elt doctor`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sf_elt.cli.showing import safe

if TYPE_CHECKING:
    from sf_elt.components.preflight import Finding

STYLES = {"ok": "green", "warning": "yellow", "missing": "bold red", "problem": "bold red"}
TEST_WIDTH = 20  # characters
WIDE = 70  # characters, from which on what was tested has a column of its own


def show_findings(findings: "Iterable[Finding]") -> None:
    """Below each subject a line for each test, and what to do below that: readable in a narrow terminal too."""
    from itertools import groupby

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sf_elt.components.preflight import MARKS

    console = Console(highlight=False)
    for subject, of_subject in groupby(findings, lambda each: each.subject):
        console.print()
        console.print(Text(safe(subject), style="bold"))
        lines = Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(no_wrap=True)
        if console.width >= WIDE:
            lines.add_column(width=TEST_WIDTH)
        lines.add_column(overflow="fold")
        for each in of_subject:
            style, mark = STYLES[each.verdict], MARKS[each.verdict]
            told = Text(safe(each.says))
            if each.grant:
                told.append(f"\n→ {safe(each.grant)}", style=style)
            if console.width >= WIDE:
                lines.add_row(Text(f"  {mark} {each.verdict}", style=style), Text(safe(each.test)), told)
            else:
                lines.add_row(Text(mark, style=style), Text(f"{safe(each.test)}: ") + told)
        console.print(lines)
    console.print()
