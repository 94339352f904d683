"""Which fields page layouts show: all of them where the Metadata API may be used, else those of the user's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from sf_elt.salesforce.asking import Reply, ask
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import OrgUnavailable, RequestRefused
from sf_elt.salesforce.setup.page_layouts import UNEXPLAINED, PageLayout, find_layouts
from sf_elt.salesforce.soql import name


class _Shown(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str = ""
    value: str | None = None


class _LayoutItem(BaseModel):
    layoutComponents: tuple[_Shown, ...] = ()  # noqa: N815 - Salesforce's own name


class _Row(BaseModel):
    layoutItems: tuple[_LayoutItem, ...] = ()  # noqa: N815 - Salesforce's own name


class _Section(BaseModel):
    layoutRows: tuple[_Row, ...] = ()  # noqa: N815 - Salesforce's own name


class _Layout(BaseModel):
    detailLayoutSections: tuple[_Section, ...] = ()  # noqa: N815 - Salesforce's own name

    def fields(self) -> Iterator[str]:
        for section in self.detailLayoutSections:
            for row in section.layoutRows:
                for item in row.layoutItems:
                    yield from (each.value for each in item.layoutComponents if each.type == "Field" and each.value)


class _RecordType(BaseModel):
    recordTypeId: str  # noqa: N815 - Salesforce's own name
    available: bool = True


class _Layouts(BaseModel):
    layouts: tuple[_Layout, ...] | None = None
    recordTypeMappings: tuple[_RecordType, ...] = ()  # noqa: N815 - Salesforce's own name


@dataclass(frozen=True)
class Pages:
    """The page layouts of the objects; None where they are not to be changed, or cannot.

    Then `refused` is what the org says, if it said anything, and `shown` has by object the fields, in lower case, that
    the user's own layouts show.
    """

    layouts: tuple[PageLayout, ...] | None = None
    refused: str = ""
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)


def look_at_pages(org: Org, objects: Sequence[str], *, change: bool) -> Pages:
    """The page layouts of the objects; to `change` them, by the Metadata API, where the org lets this user."""
    refused = ""
    if change:
        try:
            return Pages(find_layouts(org, objects))
        except RequestRefused as error:
            refused = str(error)
        except OrgUnavailable as error:
            if error.code != UNEXPLAINED:
                raise
            refused = str(error)
    return Pages(refused=refused, shown=fields_on_layouts(org, objects))


def fields_on_layouts(org: Org, objects: Sequence[str]) -> dict[str, frozenset[str]]:
    """Object → fields that every layout of the user's shows, in lower case; an object without layouts is not there.

    Layouts of other profiles are not told. One call, and one more where there are record types.
    """
    replies = ask(org, {f"object{number}": _layouts_of(each) for number, each in enumerate(objects)})
    found: dict[str, frozenset[str]] = {}
    by_type: dict[str, tuple[str, str]] = {}
    for object_name, reply in zip(objects, replies.values(), strict=True):
        if reply.refused is not None:
            continue
        told = _Layouts.model_validate(reply.body)
        if told.layouts:
            found[object_name] = _on_all(told.layouts)
        elif told.layouts is None:
            of_types = [each.recordTypeId for each in told.recordTypeMappings if each.available]
            by_type |= {f"type{len(by_type) + number}": (object_name, each) for number, each in enumerate(of_types)}
    return found | _of_record_types(by_type, ask(org, {key: _layouts_of(*each) for key, each in by_type.items()}))


def _of_record_types(asked: Mapping[str, tuple[str, str]], replies: Mapping[str, Reply]) -> dict[str, frozenset[str]]:
    layouts: dict[str, list[_Layout]] = {}
    for key, (object_name, _) in asked.items():
        if replies[key].refused is None:
            layouts.setdefault(object_name, []).append(_Layout.model_validate(replies[key].body))
    return {object_name: _on_all(some) for object_name, some in layouts.items()}


def _on_all(layouts: Sequence[_Layout]) -> frozenset[str]:
    return frozenset.intersection(*(frozenset(field.lower() for field in each.fields()) for each in layouts))


def _layouts_of(object_name: str, record_type: str = "") -> str:
    path = f"sobjects/{name(object_name)}/describe/layouts"
    return f"{path}/{record_type}" if record_type else path
