"""The HTML pages of the org: log in, consent, and a few words where there is nothing else to show.

The templates are in templates/; they run no script and load nothing.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sf_elt.demo_org.auth.hosts import address_of
from sf_elt.demo_org.org import org_of

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
DISPLAYS = ("page", "popup", "touch", "mobile")


def page(request: Request, template: str, *, status: int = 200, display: str = "page", **values: object) -> Response:
    """A page from a template. It cannot be framed, kept or made to run scripts, and tells nobody where it was."""
    html = _environment().get_template(template)
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = html.render(
        style=style,
        display=display if display in DISPLAYS else "page",
        host=address_of(request).partition("://")[2],
        sandbox=org_of(request).credentials.sandbox,
        **values,
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return HTMLResponse(text, status, headers)


def message(request: Request, heading: str, *lines: str, status: int = 200) -> Response:
    return page(request, "message.html", status=status, heading=heading, lines=lines, error="", description="")


def oauth_error(request: Request, error: str, description: str) -> Response:
    """What a user sees where an app's request cannot be answered by sending the user back to it."""
    lines = [
        "We can't authorize you because of an OAuth error. For more information, contact your Salesforce administrator."
    ]
    return page(
        request, "message.html", status=400, heading="OAuth Error", lines=lines, error=error, description=description
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # most orgs show no page

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )


@cache
def _style() -> str:
    return (TEMPLATES / "style.css").read_text("utf-8")
