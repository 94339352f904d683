"""PK chunking: one query as many batches, each for a range of Ids (Bulk API Developer Guide, "PK Chunking").

Sforce-Enable-PKChunking: true
Sforce-Enable-PKChunking: chunkSize=50000; startRow=00Q…; parent=Account
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sf_elt.demo_org.bulk.permitted import can_be_chunked
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.ids import id_at, normalise, number_of
from sf_elt.demo_org.numbers import whole_number
from sf_elt.demo_org.schema import Schema

DEFAULT_SIZE, LARGEST_SIZE = 100_000, 250_000
_CONDITION = re.compile(
    r"(?P<before>.*?\bFROM\s+\w+(?:\s+(?!WHERE\b)\w+){0,2}\s+WHERE\b)(?P<condition>.*)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Chunking:
    """How many Ids a batch covers, and from which on."""

    size: int = DEFAULT_SIZE
    start_id: str | None = None


def read_chunking(header: str | None, object_name: str, schema: Schema) -> Chunking | None:
    """What the header asks for; None where it is missing or says false. Raises OrgError."""
    if header is None or header.strip().lower() == "false":
        return None
    if not can_be_chunked(object_name):
        raise OrgError(400, "InvalidJob", f"PK chunking is not supported for object: {object_name}")
    size, start_id = DEFAULT_SIZE, None
    for part in [] if header.strip().lower() == "true" else filter(str.strip, header.split(";")):
        name, _, value = (text.strip() for text in part.partition("="))
        match name.lower():
            case "chunksize" if 0 < (whole_number(value) or 0) <= LARGEST_SIZE:
                size = int(value)
            case "startrow" if start_id := normalise(value):
                pass
            case "parent" if schema.object(value):
                pass  # says whose sharing records are meant; the org has none
            case _:
                raise OrgError(400, "InvalidJob", f"Invalid Sforce-Enable-PKChunking header: {part.strip()}")
    return Chunking(size, start_id)


def ranges(chunking: Chunking, key_prefix: str, lowest: str | None, highest: str | None) -> Iterator[tuple[str, str]]:
    """The first Id of each chunk and the one behind its last, so that all of an object's Ids are covered."""
    if lowest is None or highest is None:
        return
    first = number_of(chunking.start_id or lowest)
    for number in range(first, number_of(highest) + 1, chunking.size):
        yield id_at(key_prefix, number), id_at(key_prefix, number + chunking.size)


def within(soql: str, start: str, end: str) -> str:
    """The query, of the Ids from `start` up to `end` only."""
    bounds = f"Id >= '{start}' AND Id < '{end}'"
    found = _CONDITION.fullmatch(soql)
    if found is None:
        return f"{soql} WHERE {bounds}"
    return f"{found['before']} ({found['condition'].strip()}) AND {bounds}"
