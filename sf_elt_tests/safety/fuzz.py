"""Texts that nobody would write, made from texts that somebody did: seeded, so that any of them comes again.

for text in mangled(seed=7, cases=500, seeds=["a = 'b'"], words=["--", ";"]):
    with in_seconds(5):
        parse(text)
"""

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

NASTY = (
    *"'\"\\;\0\r\n\t,()[]{}%_?é😀\u202e\ufeff\ud7ff", "--", "/*", "*/", "{{", "}}", "$1", ":x", "&a", "*a", "1e999",
    "NaN", "null", "-9" * 20, "=cmd|' /C calc'!A0", "' OR 1=1 --", "'; DROP TABLE x; --", "UNION SELECT 1",
    "(SELECT 1)", "${jndi:x}", "../../etc/passwd", "<script>", "\x1b[2J", "!!python/object/apply:os.system [id]",
    "ATTACH 'x'", "read_text('/etc/passwd')", "getenv('HOME')",
)  # fmt: skip


def mangled(seed: int, cases: int, seeds: Sequence[str], words: Sequence[str] = NASTY) -> Iterator[str]:
    """So many texts: of the seeds, with pieces put in, cut out, doubled, nested and mixed."""
    dice = random.Random(seed)
    for _ in range(cases):
        text = dice.choice(seeds)
        for _ in range(dice.randrange(1, 6)):
            at, to = sorted(dice.randrange(len(text) + 1) for _ in range(2))
            piece = dice.choice(
                [dice.choice(words), dice.choice(seeds), text[at:to], chr(dice.randrange(1, 0xD7FF)), "(" * 40]
            )
            text = dice.choice(
                [text[:at] + piece + text[at:], text[:at] + text[to:], text[:at] + piece + text[to:], piece * 3 + text]
            )[:4000]
        yield text
    for piece in ("(", "[", "{", "- ", "a: ", "NOT ", "-", "'", '"', ",", "a.", "CASE WHEN "):
        yield piece * 3000


@contextmanager
def in_seconds(seconds: float) -> Iterator[None]:
    """Raises TimeoutError where the block computes for longer, however busy the machine is. In the main thread."""

    def late(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"takes longer than {seconds} seconds")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
