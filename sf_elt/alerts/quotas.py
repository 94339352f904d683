"""API calls that are nearly used up: of an import or export by its own maximum, of an org by what it says itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sf_elt.alerts.kinds import Finding
from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.calls_standing import calls_standing


@dataclass(frozen=True)
class Spender:
    """An import or export: under which name its calls are counted, and its maximum over a rolling 24 hours."""

    name: str
    maximum: int


def quotas(
    warehouse: Warehouse, spenders: Sequence[Spender], orgs: Mapping[str, str], *, share: float, now: datetime
) -> list[Finding]:
    """Whoever has used that share of its calls, or more. `orgs`: the ledger's name of each org → its connection.

    What an org said more than a day ago is not known any more. It opens no file of DuckDB.
    """
    standing = calls_standing(warehouse, now)
    found = [
        _finding(
            each.name,
            f"{used:,} of {each.maximum:,} API calls of the last 24 hours are used, {_percent(used, each.maximum)} of "
            "its max_daily_api_calls.",
            now,
        )
        for each in spenders
        if each.maximum > 0 and (used := standing.by_job.get(each.name, 0)) >= share * each.maximum
    ]
    for said in standing.orgs:
        if said.org in orgs and said.used >= share * said.allowed:
            says = (
                f"the org said at {said.said_at:%H:%M} UTC that {said.used:,} of its {said.allowed:,} API calls of the "
                f"last 24 hours are used, {_percent(said.used, said.allowed)}, by whomever."
            )
            found.append(_finding(f"connection:{orgs[said.org]}", says, said.said_at))
    return found


def _finding(name: str, says: str, since: datetime) -> Finding:
    return Finding("quota", name, name, says, since)


def _percent(used: int, of: int) -> str:
    return f"{used / of:.0%}" if of else "all"
