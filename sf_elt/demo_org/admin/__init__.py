"""The levers of a demonstration, under /demo/: not part of Salesforce, no session needed, loopback callers only.

GET    /demo/calls            {"total": n, "calls": [{number, at, method, path, query, status, rows, bytes, seconds,
                              user, fault}, …]}; ?path=REGEX&method=POST&status=4xx&since=NUMBER keeps those that fit
GET    /demo/calls/summary    the same calls counted by method and kind of address, with rows, bytes and statuses
DELETE /demo/calls            empties the record
POST   /demo/limits           {"DailyApiRequests": n, "used": 0}: a new maximum; "used": 0 gives back what was spent.
                              Bulk jobs have DailyBulkApiBatches, DailyBulkRecords, DailyBulkV2QueryFileStorageMB and
                              DailyBulkV2QueryJobs
GET    /demo/clock            {"now": …, "ahead_seconds": n}
POST   /demo/clock            {"advance_seconds": n} moves the org's clock forward; {"ahead_seconds": n} lets it differ
                              from this machine's, backwards too: its times and its Date headers
DELETE /demo/sessions         ends every access token, as an administrator or an expiry would
GET    /demo/users            who can log in
POST   /demo/users            {"username": …, "password": …, "password_expired": true, "end_sessions": true,
                              "ip_restricted": true}: what is given changes
GET    /demo/apps             the connected apps, without their secrets
POST   /demo/apps             adds one, in the words of the file that --apps reads (see auth/apps.py)
GET    /demo/rules            duplicate rules, locked records, whether audit fields can be set
POST   /demo/rules            {"duplicates": {"Lead": "alert"}, "lock": {"ids": ["00Q…"], "times": 2}, "unlock": true,
                              "audit_fields_settable": true}: what is given changes
DELETE /demo/recycle-bin      removes for good what was deleted 15 days ago or earlier; ?older_than_days=0 empties it
GET    /demo/records/Lead     every record as it is stored, deleted ones too; no call is spent
GET    /demo/permissions      what levers have taken from users
POST   /demo/permissions      {"object": "Lead", "field": "Email", "user": …, "access": "none"}: hides a field, or
                              without "field" the object, from a user, or without "user" from all; "read" makes it
                              read-only, "granted" leaves it to the permission sets again
DELETE /demo/permissions      leaves everything to the permission sets again
POST   /demo/schema           {"object": "Lead", "add": [{"fullName": "X__c", "type": "Text", "label": "X",
                              "length": 80}], "change": […], "drop": ["Score__c"]}: custom fields come, change and go
GET    /demo/faults           the planned faults and how often each was played
GET    /demo/faults/presets   the faults that have names, with a sentence each
POST   /demo/faults           plans one fault or a list of them (see the package faults)
POST   /demo/faults/random    {"seed": s, "probability": p, "among": […]}: faults by the dice
DELETE /demo/faults           forgets them all

`calls`, `faults` and `logins` have the handlers of theirs, `access` those of permissions and schema,
`levers` those of the rest.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from sf_elt.demo_org.admin import access, calls, faults, levers, logins
from sf_elt.demo_org.auth.hosts import host_of
from sf_elt.demo_org.loopback import is_loopback


def routes() -> list[Mount]:
    inside = [*calls.routes(), *faults.routes(), *logins.routes(), *levers.routes(), *access.routes()]
    return [Mount("/demo", app=_LoopbackOnly(Mount("", routes=inside)))]


class _LoopbackOnly:
    """Refuses callers from elsewhere, web pages that reach loopback under a name of their own, and other sites' pages.

    A page may send a form to any address without asking, so it is told by the `Origin` that browsers add.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        caller = request.client.host if request.client else ""
        if is_loopback(caller) and is_loopback(host_of(request)) and _is_own_page(request.headers.get("origin")):
            await self.app(scope, receive, send)
        else:
            await JSONResponse({"error": "/demo is for loopback callers only"}, 403)(scope, receive, send)


def _is_own_page(origin: str | None) -> bool:
    """Whether no page asks, or one that this machine serves."""
    if origin is None:
        return True
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
