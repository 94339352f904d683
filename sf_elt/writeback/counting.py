"""How many calls a piece of an export made, whoever else counts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sf_elt.salesforce import CallMeter, Org, Pause


@dataclass
class CountedCalls:
    """A meter that counts what `meter` lets through."""

    meter: CallMeter | None
    made: int = 0

    def reserve_call(self, method: str, path: str) -> Pause | None:
        pause = None if self.meter is None else self.meter.reserve_call(method, path)
        if pause is None:
            self.made += 1
        return pause

    def note_allowance(self, used: int, allowed: int) -> None:
        if self.meter is not None:
            self.meter.note_allowance(used, allowed)


@contextmanager
def counting(org: Org) -> Iterator[CountedCalls]:
    """Counts the calls of the block, besides the meter that the org was connected with."""
    calls = CountedCalls(org.transport.meter)
    with org.counted_by(calls):
        yield calls
