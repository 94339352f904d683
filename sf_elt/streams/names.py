"""What a stream may be called: its table and its asset have the same name."""

import re

from sf_elt.streams.errors import SpecRefused

_STREAM = re.compile(r"[a-z][a-z0-9_]{0,62}")


def require_stream_name(stream: str) -> None:
    """Raises SpecRefused for what cannot be the name of a stream."""
    if not _STREAM.fullmatch(stream):
        raise SpecRefused(f"a stream is named in lower case like salesforce_leads or web_events, not {stream!r}")
