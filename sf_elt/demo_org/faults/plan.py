"""The faults planned at the moment: which one a request meets."""

import random
import threading
from dataclasses import dataclass, field
from typing import Self

from pydantic import Field, field_validator, model_validator

from sf_elt.demo_org.faults.fault import Asked, Fault, Part
from sf_elt.demo_org.faults.presets import EVERYWHERE, TRANSIENT


class RandomFaults(Part):
    """Each request that `path` and `method` meet fails with `probability`, in one of the ways of `among`.

    The same seed and the same order of requests give the same faults. `times` is the most faults that are played.
    """

    seed: int
    probability: float = Field(gt=0, le=1)
    among: list[Fault] = Field(default=[], min_length=1, validate_default=True)
    path: str = EVERYWHERE
    method: str = ".*"
    times: int | None = Field(default=None, ge=1)

    @field_validator("among", mode="before")
    @classmethod
    def _presets_by_name(cls, given: object) -> object:
        """Presets may stand by name alone; without any, those that a client survives by asking again."""
        if not isinstance(given, list):
            return given
        return [{"preset": each} if isinstance(each, str) else each for each in given or TRANSIENT]

    @model_validator(mode="after")
    def _where_holds(self) -> Self:
        self.where  # noqa: B018 - a pattern that does not compile is refused here
        return self

    @property
    def where(self) -> Fault:
        """A fault that meets the requests that this plan looks at."""
        return Fault(path=self.path, method=self.method, drop="before")


@dataclass
class PlannedFault:
    """A fault and how often it has been passed and played."""

    fault: Fault
    passed: int = 0
    played: int = 0
    lifted: threading.Event = field(default_factory=threading.Event)

    def as_dict(self) -> dict[str, object]:
        return {**self.fault.model_dump(exclude_defaults=True), "passed": self.passed, "played": self.played}

    def choose(self, asked: Asked) -> Fault | None:
        """The fault if it is its turn on this request; counts the request."""
        if not self.fault.meets(asked):
            return None
        if self.passed < self.fault.after:
            self.passed += 1
            return None
        if self.fault.times is not None and self.played >= self.fault.times:
            return None
        self.played += 1
        return self.fault

    def looks_at_body_of(self, asked: Asked) -> bool:
        return self.fault.body is not None and self.fault.meets(asked)


class PlannedRandom:
    """A random plan, its dice, and how often it has been passed and played."""

    def __init__(self, plan: RandomFaults) -> None:
        self._plan = plan
        self._where = plan.where
        self._dice = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
        self.passed = 0
        self.played = 0
        self.lifted = threading.Event()

    def as_dict(self) -> dict[str, object]:
        return {"random": self._plan.model_dump(exclude_defaults=True), "passed": self.passed, "played": self.played}

    def choose(self, asked: Asked) -> Fault | None:
        """One of the plan's faults if the dice say so; each request that the plan looks at rolls them once."""
        if not self._where.meets(asked) or (self._plan.times is not None and self.played >= self._plan.times):
            return None
        fitting = [fault for fault in self._plan.among if fault.meets(asked)]
        if self._dice.random() >= self._plan.probability or not fitting:
            self.passed += 1
            return None
        self.played += 1
        return self._dice.choice(fitting)

    def looks_at_body_of(self, asked: Asked) -> bool:
        return any(fault.body is not None and fault.meets(asked) for fault in self._plan.among)


@dataclass(frozen=True)
class Turn:
    """A fault that is to be played on a request now. `lifted` comes when the plan is forgotten."""

    fault: Fault
    lifted: threading.Event


class FaultPlan:
    """What is planned, in the order it was given; the first that meets a request plays."""

    def __init__(self) -> None:
        self._planned: list[PlannedFault | PlannedRandom] = []
        self._lock = threading.Lock()

    @property
    def is_empty(self) -> bool:
        return not self._planned

    def add(self, faults: list[Fault | RandomFaults]) -> None:
        with self._lock:
            self._planned.extend(
                PlannedRandom(each) if isinstance(each, RandomFaults) else PlannedFault(each) for each in faults
            )

    def planned(self) -> list[PlannedFault | PlannedRandom]:
        with self._lock:
            return list(self._planned)

    def clear(self) -> None:
        """Forgets every fault; jobs that were held go on, late commits take place."""
        with self._lock:
            for planned in self._planned:
                planned.lifted.set()
            self._planned.clear()

    def looks_at_body_of(self, asked: Asked) -> bool:
        """Whether a fault that may meet the request wants to see its body."""
        with self._lock:
            return any(planned.looks_at_body_of(asked) for planned in self._planned)

    def next_for(self, asked: Asked) -> Turn | None:
        """The fault to play on this request, counted as played."""
        with self._lock:
            for planned in self._planned:
                fault = planned.choose(asked)
                if fault is not None:
                    return Turn(fault, planned.lifted)
        return None
