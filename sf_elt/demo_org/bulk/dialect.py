"""The CSV dialects of Bulk API 2.0: six delimiters, two line endings, everything quoted that we write."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Delimiter = Literal["BACKQUOTE", "CARET", "COMMA", "PIPE", "SEMICOLON", "TAB"]
LineEnding = Literal["LF", "CRLF"]

_DELIMITERS: dict[Delimiter, str] = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
_LINE_ENDINGS: dict[LineEnding, str] = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(frozen=True)
class Dialect:
    """How a job's CSV is written. `delimiter` and `line_ending` are Salesforce's names."""

    delimiter: Delimiter = "COMMA"
    line_ending: LineEnding = "LF"

    @property
    def separator(self) -> str:
        return _DELIMITERS[self.delimiter]

    @property
    def newline(self) -> str:
        return _LINE_ENDINGS[self.line_ending]

    @property
    def escaped_newline(self) -> str:
        """The line ending as DuckDB's COPY wants it named."""
        return self.newline.encode("unicode_escape").decode()

    def write(self, file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Writes a whole file, every cell quoted as Salesforce does."""
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=self.separator, lineterminator=self.newline, quoting=csv.QUOTE_ALL)
            writer.writerow(header)
            writer.writerows(rows)
