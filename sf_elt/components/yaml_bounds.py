"""What of a YAML file is refused before anybody builds values of it: what has no measure, or says a thing twice."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, MappingStartEvent, ScalarEvent

from sf_elt.plain_file import read_file

DEEPEST = 50
MOST_BYTES = 16 << 20
MOST_VALUES = 200_000
"""With what aliases repeat: a few lines of them can mean billions."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with it


def why_refused(file: Path) -> str | None:
    """What is wrong with the file, as `FILE:LINE: …`; None where it can be read, or where YAML's own reader says it."""
    try:
        text = read_file(file, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        return f"{file}: it is not UTF-8; save it as UTF-8"
    except OSError as error:
        return f"{file}: it cannot be read: {error.strerror}"
    measure = _Measure()
    try:
        for event in yaml.parse(text, _LOADER):
            if (wrong := measure.add(event)) is not None:
                return f"{file}:{event.start_mark.line + 1 if event.start_mark else 1}: {wrong}"
    except yaml.MarkedYAMLError:
        return None
    except yaml.YAMLError as error:
        return f"{file}: {' '.join(str(error).split())}"
    return None if measure.documents else f"{file}: it is empty; write a component, or remove it"


@dataclass
class _Open:
    """A mapping or list that is being read. `values` counts what is in it, with what aliases repeat."""

    anchor: str | None
    is_mapping: bool
    values: int = 1
    keys: set[str] = field(default_factory=set)
    at_key: bool = True


@dataclass
class _Measure:
    """How deep and how large a file is, while its events come."""

    documents: int = 0
    _open: list[_Open] = field(default_factory=list)
    _anchored: dict[str, int] = field(default_factory=dict)

    def add(self, event: Event) -> str | None:
        """Why the file is refused with this event."""
        if isinstance(event, CollectionStartEvent):
            self._placed(None)
            self._open.append(_Open(event.anchor, isinstance(event, MappingStartEvent)))
            too_deep = len(self._open) > DEEPEST
            return "it is nested too deep to be read; close what it opens" if too_deep else None
        if isinstance(event, CollectionEndEvent):
            ended = self._open.pop()
            return self._counted(ended.values, ended.anchor)
        if isinstance(event, ScalarEvent):
            return self._placed(event.value) or self._counted(1, event.anchor)
        if isinstance(event, AliasEvent):
            self._placed(None)
            return self._counted(self._anchored.get(event.anchor or "", 1), None)
        return None

    def _placed(self, text: str | None) -> str | None:
        """A key or a value begins; `text` where it is one word."""
        self.documents += not self._open
        above = self._open[-1] if self._open else None
        if above is None or not above.is_mapping:
            return None
        is_key, above.at_key = above.at_key, not above.at_key
        if not is_key or text is None:
            return None
        if text in above.keys:
            return f"{text!r} stands there twice; remove one, for only the last would count"
        above.keys.add(text)
        return None

    def _counted(self, values: int, anchor: str | None) -> str | None:
        if anchor:
            self._anchored[anchor] = values
        if self._open:
            self._open[-1].values += values
        if values > MOST_VALUES:
            return f"with what its aliases (*) repeat it has more than {MOST_VALUES:,} values; write out what is meant"
        return None
