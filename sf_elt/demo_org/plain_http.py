"""Clients that write https:// into every address, such as simple-salesforce, reach the org over plain HTTP with this.

Salesforce(session_id=…, instance_url=…, session=plain_http_session(instance_url))
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter


class _PlainHttp(HTTPAdapter):
    """Takes every https:// address to the org: salesforce.com's login hosts too."""

    def __init__(self, instance_url: str) -> None:
        self._instance_url = instance_url
        super().__init__()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = self._instance_url + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, stream, timeout, verify, cert, proxies)


def plain_http_session(instance_url: str) -> requests.Session:
    """A session that takes https:// addresses to the org over plain HTTP, and no proxy."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _PlainHttp(instance_url))
    return session
