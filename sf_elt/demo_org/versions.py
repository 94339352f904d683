"""The API versions that the org speaks."""

OLDEST, NEWEST = 31, 68
RETIRED = range(7, OLDEST)


def is_retired(segment: str) -> bool:
    """Whether a part of an address names a version that Salesforce once spoke: "v20.0"."""
    return segment in {f"v{number}.0" for number in RETIRED}


def api_version(segment: str) -> str | None:
    """The version that a part of an address names: "62.0" for "v62.0"; None where it names none that is spoken."""
    version = segment.removeprefix("v")
    number, _, fraction = version.partition(".")
    known = version != segment and number.isdecimal() and number.isascii() and fraction == "0"
    return version if known and OLDEST <= int(number) <= NEWEST else None
