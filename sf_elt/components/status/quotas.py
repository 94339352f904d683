"""API calls: what imports and exports have used in 24 hours, what is left to them, what the org says of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

from sf_elt.components.deployment import Deployment
from sf_elt.warehouse.calls_standing import CallsStanding, OrgSays

NEARLY = 0.9
"""A share of a maximum from which on it is nearly used up."""


@dataclass(frozen=True)
class Quota:
    """Calls of one import or export, or of commands, in the last 24 hours. Without a maximum nothing is `left`."""

    job: str
    used: int
    maximum: int | None
    left: int | None

    @property
    def is_nearly_spent(self) -> bool:
        return self.maximum is not None and self.used >= NEARLY * self.maximum


def quotas(deployment: Deployment | None, calls: CallsStanding) -> tuple[Quota, ...]:
    """Those of the deployment, and of whoever else has made calls, by name."""
    maxima = dict(_maxima(deployment)) if deployment else {}
    found = []
    for job in sorted({*maxima, *calls.by_job}):
        used, most = calls.by_job.get(job, 0), maxima.get(job)
        found.append(Quota(job, used, most, None if most is None else max(0, most - used)))
    return tuple(found)


def is_nearly_spent(said: OrgSays, reserve: int) -> bool:
    """Whether the org's own calls, but for the reserve, are nearly used up."""
    return said.used >= NEARLY * (said.allowed - reserve)


def _maxima(deployment: Deployment) -> Iterator[tuple[str, int | None]]:
    yield from ((each.spender, each.max_daily_api_calls) for each in deployment.imports)
    yield from ((each.spender, each.max_daily_api_calls) for each in deployment.exports)
