"""What can go wrong in this room; the tree is in the room's docstring."""

from collections.abc import Sequence

from sf_elt.profiles.mapping.faults import Fault


class ProfilesError(Exception):
    """Anything that keeps profiles from being built."""


class MappingRefused(ProfilesError):
    """The mapping or the guards do not fit the streams. `problems` has one sentence for each fault.

    `faults` are those of the mapping, with the rule of each.
    """

    def __init__(self, problems: Sequence[str], faults: Sequence[Fault] = ()) -> None:
        self.problems = tuple(problems)
        self.faults = tuple(faults)
        super().__init__("the mapping cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))


class FuzzyRefused(ProfilesError):
    """Fuzzy links cannot be found as asked. `problems` has one sentence for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("fuzzy links cannot be found:\n" + "\n".join(f"- {problem}" for problem in problems))


class NothingToUnify(ProfilesError):
    """None of the streams that the mapping names has been imported yet."""


class NoSuchProfile(ProfilesError):
    """No profile has the identifier or id that was asked for."""


class SeveralProfiles(ProfilesError):
    """What was asked for is an identifier of several profiles, of different kinds."""


class ErasureUnfinished(ProfilesError):
    """A person is gone from the tables, but a read that runs still has them in its landed pages."""
