"""Why an event file as a whole cannot be read."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from sf_elt.streams.events.files import EventSpec


class FileUnreadable(Exception):
    """One file cannot be read, and why; the others can."""


def require_time(names: Sequence[str], spec: EventSpec) -> None:
    """Raises FileUnreadable unless the columns are told apart by name and one of them can be `occurred_at`.

    It repeats no name but one that is nearly right: where a file lacks its header, the names are those of people.
    """
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        places = " and ".join(f"{place:,}" for place, name in enumerate(names, 1) if name == twice[0])
        raise FileUnreadable(f"its columns {places} have the same name")
    source = spec.columns.get("occurred_at", "occurred_at")
    if not {source, source.split(".")[0], "occurred_at"} & set(names):
        near = get_close_matches(source, names, n=1)
        meant = f"; is it {near[0]!r}? Then say columns: {{occurred_at: {near[0]}}}" if near else ""
        raise FileUnreadable(f"there is no column {source!r} for the time, among {len(names):,} columns{meant}")
