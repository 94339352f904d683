"""What can go wrong in this room; the tree is in the room's docstring."""

from collections.abc import Sequence


class ProfilesError(Exception):
    """Anything that keeps profiles from being built."""


class MappingRefused(ProfilesError):
    """The mapping or the guards do not fit the streams. `problems` has one sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("the mapping cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))


class NothingToUnify(ProfilesError):
    """None of the streams that the mapping names has been imported yet."""
