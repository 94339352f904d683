"""Phones as people write them → E.164, the one way to write each: `(415) 555-0100` in the US is `+14155550100`.

The library phonenumbers knows each country's numbers. It reads some 30,000 phones a second, so each distinct one is
read once a build; the rows then look it up in the temporary table phone_numbers (region, written, e164).
"""

from collections import defaultdict
from collections.abc import Sequence

import duckdb
import phonenumbers
import pyarrow as pa

from sf_elt.profiles.sql import statement, store
from sf_elt.salesforce import did_you_mean


def check_region(region: str) -> str | None:
    """What is wrong with a region, in one sentence; None where it is one."""
    if region in phonenumbers.SUPPORTED_REGIONS:
        return None
    return f"there is no region {region}{did_you_mean(region, phonenumbers.SUPPORTED_REGIONS)}: write US, DE, …"


def e164(written: str, region: str | None) -> str | None:
    """The phone in E.164, or None where it is none that its country gives out; an extension is left out.

    `region` is where a phone is that is written without its country: two letters, as ISO 3166 has them.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_phones(connection: duckdb.DuckDBPyConnection, phones: Sequence[tuple[str | None, str, str]]) -> None:
    """Fills the table phone_numbers with these phones: region, SQL for the text, and the table that it is read from."""
    by_region: defaultdict[str, list[str]] = defaultdict(list)
    for region, text, table in phones:
        by_region[region or ""].append(statement("phones_of_rows", text=text, table=table))
    for region, queries in by_region.items():
        found = connection.execute(
            statement("distinct_phones", phones="\n    UNION ALL\n    ".join(queries)), {"region": region}
        )
        written = [row[0] for row in found.fetchall()]
        numbers = [e164(each, region or None) for each in written]
        columns = {"written": pa.array(written, pa.string()), "e164": pa.array(numbers, pa.string())}
        store(connection, "phones_of_region", columns)
        connection.execute("INSERT INTO phone_numbers SELECT ?, written, e164 FROM phones_of_region", [region])
