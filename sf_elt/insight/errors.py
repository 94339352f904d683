"""What can go wrong in this room; the tree is in the room's docstring."""

from collections.abc import Sequence


class InsightError(Exception):
    """Anything that keeps scores, affinities or audiences from being computed."""


class ProfilesMissing(InsightError):
    """Profiles have not been built yet."""


class WarehouseOutdated(InsightError):
    """An earlier version wrote the warehouse last, and what only reads it cannot bring it up to date."""


class UnknownName(InsightError):
    """There is no audience, or no user field, of that name."""


class StreamsRefused(InsightError):
    """A stream of events does not exist, and another one is called nearly the same."""


class AudiencesRefused(InsightError):
    """Audiences are not well defined. `problems` has one sentence for each fault, each with the audience's name."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("the audiences cannot be evaluated:\n" + "\n".join(f"- {problem}" for problem in problems))
