"""Lists of people in files: read, and written with what was found."""

import csv
import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import orjson

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from sf_elt.salesforce.matching import Person

EMAIL_COLUMNS = ("email", "emails", "emailaddress", "emailaddresses", "mail")
COMPANY_COLUMNS = (
    "company", "companyname", "account", "accountname", "organization", "organisation",
    "domain", "companydomain", "website", "companywebsite",
)  # fmt: skip
"""Names of columns, in any letter case and with anything between their words, that are taken unless one is named."""

WRITTEN = (".csv", ".jsonl", ".parquet")
READ = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_COMPRESSED = ".gz"

MOST_PEOPLE = 1_000_000
MOST_CHARACTERS = 256 << 20
"""What a list may hold, unpacked: it is held in memory as a whole."""
MOST_MEMORY = "2GB"
"""Of DuckDB, that reads JSON and Parquet."""

_SEVERAL = re.compile(r"[;,\s]+")
_WILDCARD = re.compile(r"[*?\[]")
_DELIMITERS = (",", ";", "\t")


class FileRefused(Exception):
    """A list of people cannot be read, or the answer cannot be written as asked."""


def is_file(file: Path) -> bool:
    """Whether there is such a file; not so for what is too long to be a file's name, for which Path's raises."""
    return os.path.isfile(file)  # noqa: PTH113 - as said


def kind_of(file: Path) -> str:
    """The ending that says how a file is written, `.csv` of `people.csv.gz`; empty for one that is none of READ."""
    name = file.name.lower().removesuffix(_COMPRESSED)
    return next((kind for kind in READ if name.endswith(kind)), "")


def people_in_file(file: Path, email_column: str = "", company_column: str = "") -> "list[Person]":
    """The people of a CSV, JSON Lines, JSON or Parquet file, one a row, in the rows' order.

    An address is a text with an @; a cell may have several, as a list or with `;` or `,` between. Raises FileRefused
    where the file cannot be read, or has no column that was named or that is called like an address or a company.
    """
    from sf_elt.salesforce.matching import Person

    columns, rows = _read(file)
    emails = _columns(file, columns, email_column, EMAIL_COLUMNS)
    companies = _columns(file, columns, company_column, COMPANY_COLUMNS)
    if not emails and not companies:
        raise FileRefused(
            f"{file} has no column of e-mail addresses, such as `email`; it has {', '.join(columns)}. "
            "Name one: --email-column, or --company-column for companies alone"
        )
    places = {name: place for place, name in enumerate(columns)}
    return [
        Person(
            emails=addresses_in(row[places[name]] for name in emails[:1]),
            companies=tuple(dict.fromkeys(text for name in companies for text in _texts(row[places[name]]))),
        )
        for row in rows
    ]


def addresses_in(cells: Iterable[object]) -> tuple[str, ...]:
    """The e-mail addresses in cells, each once."""
    found = (part for cell in cells for text in _texts(cell) for part in _SEVERAL.split(text) if "@" in part)
    return tuple(dict.fromkeys(found))


def check_answer(file: Path, source: Path) -> None:
    """Raises FileRefused where `write_answer` could not write the file, or would write it over the list itself."""
    if file.suffix.lower() not in WRITTEN:
        raise FileRefused(f"{file} must end in {', '.join(WRITTEN[:-1])} or {WRITTEN[-1]}")
    if file.resolve() == source.resolve():
        raise FileRefused(f"{file} is the list itself: the answer would replace it")
    if file.is_dir() or not os.access(file.absolute().parent, os.W_OK):
        raise FileRefused(f"{file} cannot be written: is its folder there, and yours?")


def write_answer(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Writes the rows into a CSV, JSON Lines or Parquet file, which replaces one of that name once it is whole.

    Only its owner can read it: it holds personal data.
    """
    from sf_elt.warehouse.private import replacing

    kind = file.suffix.lower()
    try:
        with replacing(file) as part:
            if kind == ".csv":
                _write_csv(part, columns, rows)
            elif kind == ".jsonl":
                part.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
            else:
                _write_parquet(part, columns, rows)
    except OSError as error:
        raise FileRefused(f"{file} cannot be written: {error.strerror or error}") from error


def _write_csv(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\r\n")  # so that a cell with either of them is quoted
        writer.writerow(columns)
        writer.writerows(row.values() for row in for_spreadsheet(rows))


def for_spreadsheet(rows: Iterable[Mapping[str, object]]) -> Iterator[dict[str, str]]:
    """The rows as cells of CSV: lists with `; ` between, and `'` before what a spreadsheet would take for a formula."""
    for row in rows:
        yield {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> str:
    from sf_elt.cli.showing import no_formula

    if isinstance(value, list):
        text = "; ".join(map(str, value))
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = "" if value is None else str(value)
    return no_formula(text)


def _read(file: Path) -> tuple[list[str], list[list[object]]]:
    """The names of the columns, and the rows."""
    import duckdb

    from sf_elt.salesforce import did_you_mean

    kind = kind_of(file)
    if not kind:
        raise FileRefused(f"{file} is none of {', '.join(READ)}: save the list as CSV")
    if not is_file(file):
        beside = (each.name for each in file.absolute().parent.glob("*") if kind_of(each))
        raise FileRefused(f"there is no file {file}{did_you_mean(file.name, beside)}")
    if kind in (".csv", ".tsv"):
        return _read_csv(file)
    name = _WILDCARD.sub(r"[\g<0>]", str(file))
    try:
        with duckdb.connect(config={"memory_limit": MOST_MEMORY, "threads": 1}) as connection:
            found = connection.read_parquet(name) if kind == ".parquet" else connection.read_json(name)
            found = found.limit(MOST_PEOPLE + 1)
            people, characters = found.aggregate(_measured(found)).fetchall()[0]
            if people > MOST_PEOPLE or characters > MOST_CHARACTERS:
                raise _too_large(file)
            return found.columns, [list(row) for row in found.fetchall()]
    except duckdb.Error as error:  # whose further lines show the file's own
        raise FileRefused(f"{file} cannot be read as {kind[1:].upper()}: {str(error).splitlines()[0]}") from None


def _measured(found: "DuckDBPyRelation") -> str:
    """How many rows there are, and how many bytes of text: a Parquet file may say a long text once for a million."""
    from sf_elt.warehouse import quote

    lengths = (
        f"coalesce(strlen({quote(name)}{'' if kind == 'VARCHAR' else '::VARCHAR'}), 0)"
        for name, kind in zip(found.columns, map(str, found.types), strict=True)
    )
    return f"count(*), coalesce(sum({' + '.join(lengths)}), 0)"


def _read_csv(file: Path) -> tuple[list[str], list[list[object]]]:
    """The first line says what stands between cells: the most frequent of comma, semicolon and tab."""
    try:
        with _opened(file) as text:
            first = text.readline(MOST_CHARACTERS)
            text.seek(0)
            lines = csv.reader(_lines(text, file), delimiter=max(_DELIMITERS, key=first.count), strict=True)
            columns = next(lines, [])
            rows: list[list[object]] = []
            for cells in lines:
                if any(cells[len(columns) :]):
                    raise FileRefused(f"{file}:{lines.line_num}: has more cells than the first line")
                if len(rows) == MOST_PEOPLE:
                    raise _too_large(file)
                if cells:
                    rows.append([*cells[: len(columns)], *[None] * (len(columns) - len(cells))])
    except UnicodeDecodeError:
        raise FileRefused(f"{file} is not UTF-8: save the list as CSV in UTF-8") from None
    except csv.Error as error:
        raise FileRefused(f"{file}:{lines.line_num}: is not CSV: {error}. Is a quote not closed?") from None
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused(f"{file} cannot be read: {error}") from None
    return columns, rows


def _lines(text: TextIO, file: Path) -> Iterator[str]:
    """The lines of the file, as long as they are not too much: what is packed can be without end."""
    left = MOST_CHARACTERS
    while line := text.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise _too_large(file)
        yield line


def _too_large(file: Path) -> FileRefused:
    return FileRefused(
        f"{file} has more than {MOST_PEOPLE:,} people, or {MOST_CHARACTERS >> 20} MB unpacked: ask about parts of it"
    )


def _opened(file: Path) -> TextIO:
    if file.suffix.lower() == _COMPRESSED:
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _columns(file: Path, columns: Sequence[str], named: str, known: Sequence[str]) -> list[str]:
    """The column that was named, or those that are called as usual, in the order of what is usual."""
    from sf_elt.salesforce import did_you_mean

    by_plain = {re.sub(r"[\W_]", "", column.lower()): column for column in reversed(columns)}
    if not named:
        return [by_plain[each] for each in known if each in by_plain]
    found = [column for column in columns if column.lower() == named.lower()]
    if not found:
        raise FileRefused(f"{file} has no column {named!r}{did_you_mean(named, columns)}; it has {', '.join(columns)}")
    return found[:1]


def _texts(cell: object) -> Iterator[str]:
    """The texts of a cell, which may hold a list of them."""
    for each in cell if isinstance(cell, list) else [cell]:
        if isinstance(each, str) and each.strip():
            yield each.strip()


def _write_parquet(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    every = list(rows)
    lists = {name for row in every for name, value in row.items() if isinstance(value, list)}
    pq.write_table(
        pa.table(
            {
                name: pa.array([row[name] for row in every], pa.list_(pa.string()) if name in lists else None)
                for name in columns
            }
        ),
        file,
    )
