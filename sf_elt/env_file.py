"""What of a file `.env` is not taken."""

from io import StringIO


def torn_line(text: str) -> int | None:
    """The first line that is no NAME=VALUE, or in which quotes open that never close; None where there is none."""
    from dotenv.parser import parse_stream

    return next((each.original.line for each in parse_stream(StringIO(text)) if each.error), None)


def told(line: int) -> str:
    """What is wrong with such a line, as a clause."""
    return f"line {line} is no NAME=VALUE, or its quotes do not close, and nothing is taken from it"
