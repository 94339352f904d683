"""What was tested, on a terminal: of `sf-elt check`, `sf-elt doctor` and `sf-elt setup`."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sf_elt.cli.showing import safe

if TYPE_CHECKING:
    from sf_elt.components.preflight import Finding

STYLES = {"ok": "green", "warning": "yellow", "missing": "bold red", "problem": "bold red"}
TEST_WIDTH = 20  # characters
WIDE = 70  # characters, from which on what was tested has a column of its own


@dataclass(frozen=True)
class Line:
    """One thing of a subject: its verdict with a mark and a style, what was tested, how it is, what to do about it."""

    subject: str
    mark: str
    verdict: str
    style: str
    test: str
    says: str
    to_do: str = ""


def show_findings(findings: "Iterable[Finding]") -> None:
    """As `show_lines` does."""
    from sf_elt.components.preflight import MARKS

    show_lines(
        Line(each.subject, MARKS[each.verdict], each.verdict, STYLES[each.verdict], each.test, each.says, each.grant)
        for each in findings
    )


def show_lines(lines: Iterable[Line], *, test_width: int = TEST_WIDTH) -> None:
    """Below each subject its lines, and what to do below each: readable in a narrow terminal too."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    is_wide = console.width >= WIDE
    for subject, of_subject in groupby(lines, lambda each: each.subject):
        console.print()
        console.print(Text(safe(subject), style="bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        if is_wide:
            table.add_column(width=test_width)
        table.add_column(overflow="fold")
        for each in of_subject:
            told = Text(safe(each.says))
            for line in each.to_do.splitlines():
                told.append(f"\n→ {safe(line)}", style=each.style)
            if is_wide:
                verdict = Text(f"  {each.mark} {each.verdict}", style=each.style)
                table.add_row(verdict, Text(safe(each.test)), told)
            else:
                table.add_row(Text(each.mark, style=each.style), Text(f"{safe(each.test)}: ") + told)
        console.print(table)
    console.print()
