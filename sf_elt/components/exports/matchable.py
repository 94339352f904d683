"""Matchers that Salesforce does not filter by, refused while the YAML is loaded: by what the org said when it was last
asked, and before that by what Salesforce documents. Nobody is asked here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from sf_elt.components.attributes import attribute_error
from sf_elt.components.kept_describes import KeptDescribes, kept_describes
from sf_elt.components.resources import open_warehouse
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.salesforce import AuthenticationFailed, RequestRefused
from sf_elt.salesforce.matching import check_matchers, documented
from sf_elt.writeback import ExportSpec
from sf_elt.writeback.field_sources import found_in

_Path = Sequence[str | int]


@dataclass(frozen=True)
class _SoughtBy:
    """Fields that records of an object are looked for by; `path` leads to the last one in the YAML."""

    path: _Path
    object_name: str
    fields: Sequence[str]


def require_matchable(context: dg.ComponentLoadContext, export: ExportSpec, connection: str) -> None:
    """Raises ComponentAttributeError about the first field that no record can be found by, with what can be taken.

    A field that the org did not have is refused as well: the error says when it was asked, and how it is asked anew.
    """
    everything = list(_sought(export))
    if not everything:
        return
    kept = _kept(context, connection)
    for sought in everything:
        known = kept.read(sought.object_name)
        if known is not None:
            told = f"So said the org on {known.asked_at:%Y-%m-%d at %H:%M} UTC"
        else:
            told = "So Salesforce documents it (SOQL and SOSL Reference: WHERE)"
        described = known.described if known is not None else documented(sought.object_name, sought.fields[-1])
        fields = sought.fields if known is not None else sought.fields[-1:]
        if described is None:
            continue
        try:
            check_matchers(described, fields)
        except RequestRefused as error:
            message = f"{error}. {told}; `sf-elt check {connection}` asks it anew"
            raise attribute_error(context, sought.path, message) from None


def _sought(export: ExportSpec) -> Iterator[_SoughtBy]:
    """The export's own matchers, and what `{find: …, by: …}` looks for."""
    matchers = list(export.matchers)
    for number, name in enumerate(matchers):
        yield _SoughtBy(["matchers", name], export.object, matchers[: number + 1])
    for attribute in ("matchers", "fields", "fields_on_create", "fields_on_leave"):
        for field, source in getattr(export, attribute).items():
            for found in found_in(source):
                yield _SoughtBy([attribute, field], found.find, [found.by])


def _kept(context: dg.ComponentLoadContext, name: str) -> KeptDescribes:
    connections = context.component_tree.get_all_components(SalesforceConnection)
    [resource] = [each.resource() for each in connections if each.name == name]
    try:
        login = resource.login()
    except AuthenticationFailed:  # which whoever logs in is told
        login = None
    return kept_describes(open_warehouse().root, resource.env_prefix, login)
