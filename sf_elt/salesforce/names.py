"""What was probably meant, for errors about names that do not exist: in the same words in every room."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`` (did you mean Lead?)`` with the nearest of `names`, or an empty text where none is near.

    Letter case does not matter. `cutoff` is difflib's: 1 takes equal names only.
    """
    by_folded = {known.casefold(): known for known in sorted(names)}
    near = get_close_matches(name.casefold(), by_folded, n=1, cutoff=cutoff)
    return f" (did you mean {by_folded[near[0]]}?)" if near else ""
