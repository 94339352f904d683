"""Matchers that Salesforce does not filter by, refused while the YAML is loaded: by what the org said when it was last
asked, and before that by what Salesforce documents. Nobody is asked here.

What the org did not have, or has taken away since, is warned of only: such an export rests, and the others go on.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from sf_elt.components.attributes import attribute_error, place_of
from sf_elt.components.kept_describes import Kept, KeptDescribes, kept_describes
from sf_elt.components.resources import open_warehouse
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.salesforce import AuthenticationFailed, RequestRefused, UnknownField
from sf_elt.salesforce.matching import check_matchers, documented
from sf_elt.writeback import ExportSpec
from sf_elt.writeback.field_sources import found_in

log = logging.getLogger(__name__)

_Path = Sequence[str | int]


@dataclass(frozen=True)
class _SoughtBy:
    """A field that records of an object are looked for by, and where the YAML says so."""

    path: _Path
    object_name: str
    field: str


def require_matchable(context: dg.ComponentLoadContext, export: ExportSpec, connection: str) -> None:
    """Raises ComponentAttributeError about the first field that no record can be found by, with what can be taken, when
    the org said so, and how it is asked anew.
    """
    everything = list(_sought(export))
    if not everything:
        return
    kept = _kept(context, connection)
    objects = {name: kept.read(name) for name in {each.object_name for each in everything}}
    for sought in everything:
        known = objects[sought.object_name]
        described = known.described if known is not None else documented(sought.object_name, sought.field)
        if described is None:
            continue
        try:
            check_matchers(described, [sought.field])
        except RequestRefused as error:
            message = f"{error}. {_told(known)}; `sf-elt check {connection}` asks it anew"
            if isinstance(error, UnknownField) or (known is not None and set(error.fields) & known.lost):
                where = ".".join(map(str, ["attributes", *sought.path]))
                log.warning("%s %s: %s", place_of(context, sought.path), where, message)
            else:
                raise attribute_error(context, sought.path, message) from None


def _sought(export: ExportSpec) -> Iterator[_SoughtBy]:
    """The export's own matchers, and what `{find: …, by: …}` looks for."""
    for name in export.matchers:
        yield _SoughtBy(["matchers", name], export.object, name)
    for attribute in ("matchers", "fields", "fields_on_create", "fields_on_leave"):
        for field, source in getattr(export, attribute).items():
            for found in found_in(source):
                yield _SoughtBy([attribute, field], found.find, found.by)


def _told(known: Kept | None) -> str:
    if known is None:
        return "So Salesforce documents it (SOQL and SOSL Reference: WHERE)"
    return f"So said the org on {known.asked_at:%Y-%m-%d at %H:%M} UTC"


def _kept(context: dg.ComponentLoadContext, name: str) -> KeptDescribes:
    connections = context.component_tree.get_all_components(SalesforceConnection)
    [resource] = [each.resource() for each in connections if each.name == name]
    try:
        login = resource.login()
    except AuthenticationFailed:  # which whoever logs in is told
        login = None
    return kept_describes(open_warehouse().root, resource.env_prefix, login)
