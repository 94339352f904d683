"""What a lever takes away from users beyond what their permission sets say; a restart forgets it."""

import threading
from dataclasses import dataclass
from typing import Literal

Level = Literal["none", "read"]


@dataclass(frozen=True)
class Mask:
    """An object, or one of its fields, is invisible (`none`) or read-only (`read`) for a user; for all without one."""

    object_name: str
    level: Level
    field_name: str | None = None
    user_id: str | None = None


class Masks:
    """The masks of one org, each subject once. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._masks: tuple[Mask, ...] = ()

    def put(self, mask: Mask) -> None:
        """Adds a mask in the place of an earlier one of the same subject and user."""
        with self._lock:
            self._masks = (*(each for each in self._masks if _subject(each) != _subject(mask)), mask)

    def lift(self, object_name: str, field_name: str | None, user_id: str | None) -> None:
        """Takes one away again."""
        gone = _subject(Mask(object_name, "none", field_name, user_id))
        with self._lock:
            self._masks = tuple(each for each in self._masks if _subject(each) != gone)

    def clear(self) -> None:
        with self._lock:
            self._masks = ()

    def all(self) -> tuple[Mask, ...]:
        """A tuple that is the same object until a mask changes."""
        return self._masks


def _subject(mask: Mask) -> tuple[str, str | None, str | None]:
    return mask.object_name, mask.field_name, mask.user_id
