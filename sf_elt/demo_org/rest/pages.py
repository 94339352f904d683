"""What the pages of a user interface are made of: tabs, colours, list views, actions. The org has none of them."""

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import not_found
from sf_elt.demo_org.rest.requests import object_of, reply


def tabs(request: Request) -> Response:
    """GET /tabs: the user sees none."""
    return reply([])


def theme(request: Request) -> Response:
    """GET /theme: the icons and colours of tabs."""
    return reply({"themeItems": []})


def actions(request: Request) -> Response:
    """GET /quickActions: nobody has made one for the whole org."""
    return reply([])


def actions_of_object(request: Request) -> Response:
    """GET /sobjects/Lead/quickActions: nobody has made one."""
    object_of(request)
    return reply([])


def list_views(request: Request) -> Response:
    """GET /sobjects/Lead/listviews: nobody has made one."""
    name = object_of(request).name
    return reply({"done": True, "listviews": [], "nextRecordsUrl": None, "size": 0, "sobjectType": name})


def none_such(request: Request) -> Response:
    """One layout, list view or action, by its Id or name."""
    raise not_found()
