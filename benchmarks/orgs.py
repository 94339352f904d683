"""Demo orgs in processes of their own, and what the benchmarks ask of them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.plain_http import plain_http_session
from sf_elt.demo_org.serve import Details, start_demo_org

PEOPLE = 5_000
MANY_CALLS = 10_000_000
SEEDING_SECONDS = 900
JOBS = "/services/data/v62.0/jobs/query"

_OLD_JOB = re.compile(r"/services/async/[\d.]+/job/750\w+")


@dataclass(frozen=True)
class BenchOrg:
    """A running org of many contacts."""

    details: Details
    folder: Path

    @property
    def login(self) -> dict[str, str]:
        """The arguments of sf_elt.salesforce.Login: a session that is open already."""
        address = self.details.instance_url
        return {"instance_url": address, "login_url": address, "access_token": self.details.access_token}

    @property
    def levers(self) -> Levers:
        return Levers(self.details.instance_url)

    @property
    def cpu_seconds(self) -> float:
        """What the org's processor has spent so far; 0 where the system does not tell."""
        stat = Path(f"/proc/{self.details.pid}/stat")
        if not stat.exists():
            return 0.0
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def job_seconds(self) -> float:
        """What the org says that its newest query job took it: making the CSV."""
        jobs = self._ask(JOBS)["records"]
        newest = max(jobs, key=lambda job: (job["createdDate"], job["id"]))
        return float(self._ask(f"{JOBS}/{newest['id']}")["totalProcessingTime"]) / 1000

    def old_job_seconds(self, since: int) -> float:
        """The same of all jobs of Bulk API 1.0 that were called for after a number."""
        jobs = {found[0] for call in self.calls(since) if (found := _OLD_JOB.search(call))}
        return sum(float(self._ask(job)["totalProcessingTime"]) / 1000 for job in jobs)

    def calls(self, since: int = 0) -> list[str]:
        """The API calls after a number, as "GET /path": logins and whatever lies under /demo are none."""
        found = self.levers.calls.all(since=since)
        return [f"{call['method']} {call['path']}" for call in found if "/oauth2/" not in call["path"]]

    def last_call(self) -> int:
        """The number of the latest call."""
        return max((call["number"] for call in self.levers.calls.all()), default=0)

    def _ask(self, path: str) -> dict[str, Any]:
        with plain_http_session(self.details.instance_url) as session:
            token = self.details.access_token
            headers = {"Authorization": f"Bearer {token}", "X-SFDC-Session": token, "Accept": "application/json"}
            reply = session.get(self.details.instance_url + path, headers=headers, timeout=60)
            reply.raise_for_status()
            found: dict[str, Any] = reply.json()
        return found


@contextmanager
def bench_org(folder: Path, contacts: int, *, tls: bool = False) -> Iterator[BenchOrg]:
    """An org of so many contacts, 20 at least, kept in a file so that it needs less memory."""
    file = folder / f"org-{contacts}.duckdb"
    people = min(PEOPLE, max(contacts, 50))
    with start_demo_org(
        records=people, contacts=contacts, file=file, daily_api_requests=MANY_CALLS, tls=tls, patience=SEEDING_SECONDS
    ) as org:
        yield BenchOrg(org.details, folder)
