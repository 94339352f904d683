"""How many examples hypothesis draws: a few in `make test`, many times as many in `make soak`.

@settings(max_examples=some(8), deadline=None)
"""

import os

TIMES = int(os.environ.get("SF_ELT_EXAMPLES", "1"))


def some(examples: int) -> int:
    """That many, or SF_ELT_EXAMPLES times as many."""
    return examples * TIMES
