"""Plain HTTP to an org, for what a client library would hide."""

from dataclasses import dataclass
from typing import Any

import requests

from sf_elt.demo_org.serve import Details

V62 = "/services/data/v62.0"
PERSON = {"LastName": "Lovelace", "Company": "Engines"}
"""What a new lead needs."""


@dataclass(frozen=True)
class Wire:
    """Requests of the org's administrator."""

    details: Details

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.details.access_token}", **options.pop("headers", {})}
        return requests.request(method, self.details.instance_url + path, headers=headers, timeout=30, **options)

    def new_lead(self, **fields: Any) -> str:
        return self.new("Lead", **{**PERSON, **fields})

    def new(self, object_name: str, **fields: Any) -> str:
        reply = self("POST", f"{V62}/sobjects/{object_name}", json=fields)
        assert reply.status_code == 201, reply.text
        found: str = reply.json()["id"]
        return found

    def pull(self, lever: str, **settings: Any) -> None:
        """Pulls a lever under /demo/."""
        requests.post(f"{self.details.instance_url}/demo/{lever}", json=settings, timeout=30).raise_for_status()

    def collections(self, method: str, records: list[dict[str, Any]], path: str = "", **body: Any) -> requests.Response:
        return self(method, f"{V62}/composite/sobjects{path}", json={"records": records, **body})
