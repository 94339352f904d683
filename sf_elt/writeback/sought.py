"""Records of other objects that values come from: which values say which record, over the rows of the subjects."""

from collections.abc import Mapping
from dataclasses import dataclass

from sf_elt.warehouse import quote, quote_text
from sf_elt.writeback.field_sources import Constant, Found

Types = Mapping[str, str]
"""Name → DuckDB type of what subject_rows has."""

MEMBER = "CampaignMember"
MEMBER_STATUS = "CampaignMemberStatus"


@dataclass(frozen=True)
class Sought:
    """The one record of an object that has these values in these fields. `values` is SQL over `subject`, as text."""

    object: str
    fields: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def field(self) -> str:
        """The fields as found_records names them."""
        return ", ".join(self.fields)

    @property
    def key(self) -> str:
        """SQL for the values as found_records has them: several a line each, null where one is missing."""
        return " || chr(10) || ".join(self.values)

    def select(self, wanted: str) -> str:
        """SQL for what is `wanted` of the entry in the temporary table found_records."""
        return f"""(
            SELECT any_value({wanted}) FROM found_records
            WHERE found_records.object = {quote_text(self.object)} AND found_records.field = {quote_text(self.field)}
                AND found_records.value = {self.key}
        )"""  # noqa: S608 - quoted


def sought_by(source: Found, types: Types) -> Sought:
    """What {find: …} looks for."""
    if isinstance(source.equals, Constant):
        value = quote_text(constant_text(source.equals).strip())
    else:
        value = one_text(source.equals, types)
    return Sought(source.find, (source.by,), (value,))


def status_of_campaign(campaign: str, status: str) -> Sought:
    """The status of a campaign member among those of its campaign: of another Salesforce says nothing, and gives the
    member the campaign's default (SOAP API Developer Guide, "CampaignMember"). The arguments are SQL.
    """
    return Sought(MEMBER_STATUS, ("CampaignId", "Label"), (said(campaign), said(status)))


def one_text(name: str, types: Types) -> str:
    """SQL for the value as one text, of a list the first that is not empty."""
    value = f"subject.{quote(name)}"
    if types[name].endswith("[]"):
        value = f"[each FOR each IN {value} IF trim(CAST(each AS VARCHAR)) <> ''][1]"
    return said(value)


def said(value: str) -> str:
    """SQL for the value as text without outer spaces, null where that is empty."""
    return f"nullif(trim(CAST({value} AS VARCHAR)), '')"


def constant_text(source: Constant) -> str:
    """The constant as SQL would write it in a text."""
    return str(source.constant).lower() if isinstance(source.constant, bool) else str(source.constant)
