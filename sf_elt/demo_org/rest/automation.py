"""What an administrator lets happen by itself: actions, approval processes, workflow rules. There are none."""

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.requests import version_of
from sf_elt.demo_org.rest.requests import reply

KINDS_OF_ACTIONS = ("apex", "emailAlert", "flow", "quickAction", "sendNotification")


def actions(request: Request) -> Response:
    """GET /actions: where standard actions and those of this org are."""
    address = f"/services/data/v{version_of(request)}/actions"
    return reply({"custom": f"{address}/custom", "standard": f"{address}/standard"})


def custom_actions(request: Request) -> Response:
    """GET /actions/custom: where each kind of them is."""
    address = f"/services/data/v{version_of(request)}/actions/custom"
    return reply({kind: f"{address}/{kind}" for kind in KINDS_OF_ACTIONS})


def no_actions(request: Request) -> Response:
    """GET /actions/standard, /actions/custom/flow: those that can be called."""
    return reply({"actions": []})


def approvals(request: Request) -> Response:
    """GET /process/approvals, by object."""
    return reply({"approvals": {}})


def rules(request: Request) -> Response:
    """GET /process/rules, by object."""
    return reply({"rules": {}})
