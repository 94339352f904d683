"""Rows for people and for programs: a table, or lines where it would be too wide; CSV; JSON Lines.

Nothing that the org holds can drive a terminal: control characters, and those that turn the direction of writing, are
shown as `\\x1b` and `\\u202e`. What is not for a terminal is written as it is.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated, Literal, NoReturn

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sf_elt.cli.faults import ExitCode, in_full, status_of, verbose_by_environment
from sf_elt.visible import is_unsafe, one_line, visible

TABLE_ROWS = 50  # what a terminal shows of a long list unless it is told how many
GAP = 2  # characters between two columns
LONG_WORD = 12  # characters; a longer word may be broken where a table is narrow

RUNNING: ContextVar[str] = ContextVar("running", default="")
"""The command that runs, with its group, where the group says so."""

_FORMULA = tuple("=+-@＝＋－＠\t\r\n\0")  # with the wide ones, which a spreadsheet reads as the others
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\.\d{3}\+0000")
_WHOLE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Z]{3})?|[0-9a-f]{32}|\d{4}-\d\d-\d\d|\S{1,50}@\S{1,50}")
_UNBROKEN = re.compile(r"(?:`[^`]*`|\S)+")
_ADDRESS = ("street", "city", "state", "postalCode", "country")


class Format(StrEnum):
    """How rows are written."""

    table = "table"
    csv = "csv"
    jsonl = "jsonl"
    json = "json"


JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]

FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="table to read (the default on a terminal), csv for spreadsheets (elsewhere), jsonl or json for programs.",
    ),
]


@dataclass(frozen=True)
class Column:
    """A column: its name for programs and its label for people. `whole`: its words are copied, and never broken.

    What is `right` stands at the right side of its column, as numbers do.
    """

    name: str
    label: str
    whole: bool = False
    right: bool = False


@dataclass(frozen=True)
class Rows:
    """Rows while they are read, and how many there are in all where that is known; in JSON one `alone` is no list."""

    rows: Iterable[Mapping[str, object]]
    total: int | None = None
    alone: bool = False


def chosen(how: Format | None, *, as_json: bool = False) -> Format:
    """The format that was asked for: on a terminal a table, into a file or another program CSV.

    Raises BadParameter for --json with another --format.
    """
    if as_json and how not in (None, Format.json):
        raise typer.BadParameter(f"--json is --format json, and not --format {how}")
    return Format.json if as_json else how or (Format.table if sys.stdout.isatty() else Format.csv)


def show(
    columns: Sequence[Column],
    found: Rows,
    how: Format | None,
    *,
    title: str = "",
    most: int | None = None,
    as_lines: bool = False,
) -> None:
    """Writes the rows to standard output. A table has at most `most` of them, 50 unless it says; others have all.

    What is a table else is lines of `label  value` where `as_lines` says so, however wide the terminal is.
    """
    how = chosen(how)
    if how == Format.json:
        with _progress(found) as rows:
            _write_json(rows, found.alone)
        return
    if how == Format.table:
        _show_table(columns, found, title, most or TABLE_ROWS, as_lines=as_lines)
        return
    with _progress(found) as rows:
        if how == Format.csv:
            _write_csv(columns, rows)
        else:
            _write_jsonl(rows)


def show_json(value: object) -> None:
    """Writes a value for programs to standard output; on a terminal, in ASCII alone."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=sys.stdout.isatty()))


def say(text: str) -> None:
    """A line for the person, on standard error."""
    _print_text(text, Console(stderr=True, highlight=False, soft_wrap=True))


def tell(text: str) -> None:
    """What a command answers in words, on standard output."""
    _print_text(text, Console(highlight=False, soft_wrap=True))


def _print_text(text: str, console: Console) -> None:
    shown = safe(text, keep_lines=True)
    console.print(Text(broken_at_words(shown, console.width) if console.is_terminal else shown))


def refuse(command: str, text: str, status: ExitCode | None = None) -> NoReturn:
    """Ends the command with a sentence that names it, and the code of the error at hand: 1, or 4 for a busy warehouse.

    With --verbose the error's traceback stands above the sentence.
    """
    error = sys.exception()
    if error is not None and verbose_by_environment():
        say(in_full(error))
    say(f"sf-elt {_with_subcommand(command)}: {text}")
    raise typer.Exit(status_of(error) if status is None else status)


def _with_subcommand(command: str) -> str:
    """The whole name of the command that runs, `sf describe`, where what many share knows only `sf`."""
    running = RUNNING.get()
    return running if running.startswith(f"{command} ") else command


def broken_at_words(text: str, width: int) -> str:
    """The text in lines of that width. What stands in backticks, and a word that is longer, is left whole to copy."""
    return "\n".join(indent + text[start:end] for indent, start, end in _lines_of_words(text, width))


def broken_markup(markup: str, width: int) -> Text:
    """The same of rich's markup, which keeps its styles."""
    text = Text.from_markup(markup)
    return Text("\n").join(Text(indent) + text[start:end] for indent, start, end in _lines_of_words(text.plain, width))


def _lines_of_words(text: str, width: int) -> Iterator[tuple[str, int, int]]:
    """Of each line its indent, and where its words begin and end."""
    for line in re.finditer(r"^( *)(.*)$", text, re.MULTILINE):
        indent, start, end = line[1], line.start(2), line.start(2)
        for word in _UNBROKEN.finditer(text, line.start(2), line.end(2)):
            if end > start and cell_len(indent + text[start : word.end()]) > width:
                yield indent, start, end
                start = word.start()
            end = word.end()
        yield indent, start, end


def safe(text: str, *, keep_lines: bool = False) -> str:
    """The text without anything that a terminal would obey; a line's end is `⏎` unless lines are kept."""
    return visible(text) if keep_lines else one_line(text)


def readable(value: object) -> str:
    """A value for a person to read; still unsafe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, str):
        return _MOMENT.sub(r"\1 \2 UTC", value) if _MOMENT.fullmatch(value) else value
    if isinstance(value, dict) and "street" in value:
        return ", ".join(str(value[part]) for part in _ADDRESS if value.get(part))
    if isinstance(value, dict) and value.keys() == {"latitude", "longitude"}:
        return f"{value['latitude']}, {value['longitude']}"
    if isinstance(value, tuple):  # children
        return "; ".join(", ".join(readable(each) for each in child.values() if each is not None) for child in value)
    return _json(value) if isinstance(value, Mapping) else str(value)


def _show_table(columns: Sequence[Column], found: Rows, title: str, most: int, *, as_lines: bool = False) -> None:
    console = Console(highlight=False)
    coming = iter(found.rows)
    rows = [[readable(row.get(column.name)) for column in columns] for row in islice(coming, most)]
    if title:
        console.print(Text(safe(title), style="bold"))
    widths = None if as_lines else _widths(columns, rows, console.width)
    if rows and widths is None:
        _print_lines(console, columns, rows)
    elif rows and widths is not None:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for column, width in zip(columns, widths, strict=True):
            justify: Literal["left", "right"] = "right" if column.right else "left"
            table.add_column(Text(safe(column.label)), overflow="fold", width=width, justify=justify)
        for row in rows:
            table.add_row(*(Text(safe(cell)) for cell in row))
        console.print(table)
    if not rows:
        say("Nothing was found.")
    elif next(coming, None) is not None:
        of_all = f"{len(rows):,} of {found.total:,} are shown" if found.total else f"the first {len(rows):,} are shown"
        say(f"{of_all}. --limit shows more, --format csv writes all.")


def _print_lines(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Each row as lines of `label  value`, without its empty values; the value below its label where it would break."""
    labels = max(min(LONG_WORD, cell_len(safe(column.label))) for column in columns)
    for number, row in enumerate(rows):
        if number:
            console.print()
        told = [(column, cell) for column, cell in zip(columns, row, strict=True) if cell]
        if all(labels + GAP + _least_width(cell, whole=column.whole) <= console.width for column, cell in told):
            lines = Table.grid(padding=(0, GAP, 0, 0))
            lines.add_column(style="dim", overflow="fold")
            lines.add_column(overflow="fold")
            for column, cell in told:
                lines.add_row(Text(safe(column.label)), Text(safe(cell, keep_lines=True)))
            console.print(lines)
        else:
            for column, cell in told:
                console.print(Text(safe(column.label), style="dim"))
                console.print(Text(safe(cell, keep_lines=True)), soft_wrap=True)
        empty = sum(not cell for cell in row)
        if empty and len(rows) == 1:
            console.print(Text(f"Empty fields are not shown: {empty}", style="dim"))


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """How wide each column is in a table for so many characters; None where a table does not fit.

    Ids, dates, addresses and the names of columns are not broken, nor are words where they are short.
    """
    texts = [[column.label, *(row[place] for row in rows)] for place, column in enumerate(columns)]
    widths = [
        max(_least_width(text, whole=column.whole or text is column.label) for text in of_column)
        for column, of_column in zip(columns, texts, strict=True)
    ]
    left = room - sum(widths) - GAP * (len(columns) - 1)
    if left < 0:
        return None
    wanted = [
        max(cell_len(safe(text)) for text in of_column) - width for of_column, width in zip(texts, widths, strict=True)
    ]
    for served, place in enumerate(sorted(range(len(columns)), key=lambda place: wanted[place])):
        more = min(wanted[place], left // (len(columns) - served))
        widths[place] += more
        left -= more
    return widths


def _least_width(text: str, *, whole: bool) -> int:
    words = text.split()
    longest = (cell_len(word) if whole or _WHOLE.fullmatch(word) else min(LONG_WORD, cell_len(word)) for word in words)
    return max(longest, default=0)


def _write_csv(columns: Sequence[Column], rows: Iterable[Mapping[str, object]]) -> None:
    out = sys.stdout.buffer
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")  # so that a cell with either of them is quoted

    def flush() -> None:
        text = line.getvalue().removesuffix("\r\n") + "\n"
        out.write((safe(text, keep_lines=True) if sys.stdout.isatty() else text).encode())
        line.seek(0)
        line.truncate()

    writer.writerow(column.name for column in columns)
    flush()
    for row in rows:
        writer.writerow(_plain(row.get(column.name)) for column in columns)
        flush()
    out.flush()


def _write_jsonl(rows: Iterable[Mapping[str, object]]) -> None:
    out = sys.stdout.buffer
    for row in rows:
        text = _json(row)
        out.write((safe_json(text) if sys.stdout.isatty() else text).encode() + b"\n")
    out.flush()


def _write_json(rows: Iterable[Mapping[str, object]], alone: bool) -> None:
    """A list, written while it is read; or the only row."""
    out, before = sys.stdout.buffer, b"["
    for row in rows:
        text = _json(row)
        out.write(b"" if alone else before)
        out.write((safe_json(text) if sys.stdout.isatty() else text).encode())
        before = b",\n"
    end = b"" if alone else b"[]" if before == b"[" else b"]"
    out.write(end + b"\n")
    out.flush()


def _plain(value: object) -> str:
    """A value in CSV: as JSON writes it, text without quotes and no formula, nothing for null."""
    if value is None:
        return ""
    return no_formula(value) if isinstance(value, str) else _json(value)


def no_formula(text: str) -> str:
    """The text as a cell of CSV, with `'` before what a spreadsheet would take for a formula (OWASP,
    "CSV Injection"; ASVS 1.2.10).

    JSON Lines have every text as it is.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(value: object) -> str:
    return orjson.dumps(value, default=_as_dict, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()


def _as_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def safe_json(text: str) -> str:
    """The same JSON, with what a terminal would obey in JSON's own escapes."""
    return "".join(f"\\u{ord(character):04x}" if is_unsafe(character) else character for character in text)


@contextmanager
def _progress(found: Rows) -> Iterator[Iterable[Mapping[str, object]]]:
    """Says how far it is where somebody waits at a terminal and the rows go elsewhere."""
    if sys.stdout.isatty() or not sys.stderr.isatty():
        yield found.rows
        return
    from rich.progress import track

    yield track(found.rows, "reading", total=found.total, console=Console(stderr=True), transient=True)
