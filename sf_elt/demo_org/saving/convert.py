"""Converting a lead: it becomes an account, a contact and, if wanted, an opportunity, and can no longer be changed.

    [outcome] = convert_leads(store, user_id, [LeadConversion("00Q…", "Closed - Converted")])

Sources: SOAP API Developer Guide, "convertLead()"; Salesforce Help, "Lead Conversion Field Mapping". No custom field is
mapped: that is an administrator's choice, and this org has made none.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.history import CONVERTED
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.person_accounts import SHARED, contact_fields, has_person_accounts
from sf_elt.demo_org.saving.cells import Cell
from sf_elt.demo_org.saving.checks import locked
from sf_elt.demo_org.saving.derive import parents_of, refresh
from sf_elt.demo_org.saving.history import Change, add_history, record_history
from sf_elt.demo_org.saving.lookup import read_existing
from sf_elt.demo_org.saving.outcome import Operation, SaveError, SaveOptions
from sf_elt.demo_org.saving.rights import NO_ACCESS
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.saving.save import save
from sf_elt.demo_org.schema import Field, Schema
from sf_elt.demo_org.store import Store, Writing, table

CONVERTED_STATUSES = ("Closed - Converted",)
FIRST_STAGE = "Prospecting"

_ADDRESS = (
    "Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode", "Latitude", "Longitude",
    "GeocodeAccuracy",
)  # fmt: skip
_TO_ACCOUNT = {
    "Company": "Name", "Phone": "Phone", "Fax": "Fax", "Website": "Website", "Industry": "Industry", "Rating": "Rating",
    "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees", "LeadSource": "AccountSource",
    "CurrencyIsoCode": "CurrencyIsoCode", **{name: f"Billing{name}" for name in _ADDRESS},
}  # fmt: skip
_TO_CONTACT = {
    "LastName": "LastName", "FirstName": "FirstName", "Salutation": "Salutation", "Title": "Title", "Email": "Email",
    "Phone": "Phone", "MobilePhone": "MobilePhone", "Fax": "Fax", "Description": "Description",
    "LeadSource": "LeadSource", "HasOptedOutOfEmail": "HasOptedOutOfEmail", "HasOptedOutOfFax": "HasOptedOutOfFax",
    "DoNotCall": "DoNotCall", "CurrencyIsoCode": "CurrencyIsoCode", **{name: f"Mailing{name}" for name in _ADDRESS},
}  # fmt: skip


@dataclass(frozen=True)
class LeadConversion:
    """One lead to convert, into records that are there (`account_id` …) or new ones. Ids have 15 or 18 characters."""

    lead_id: str
    converted_status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    owner_id: str | None = None
    do_not_create_opportunity: bool = False
    overwrite_lead_source: bool = False


@dataclass(frozen=True)
class ConvertedLead:
    """What became of a lead: the records that it became, or why it stays what it was."""

    lead_id: str
    success: bool
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    errors: tuple[SaveError, ...] = ()


def convert_leads(
    store: Store,
    user_id: str,
    conversions: Sequence[LeadConversion],
    *,
    schema: Schema | None = None,
    options: SaveOptions | None = None,
) -> list[ConvertedLead]:
    """Converts each lead in a transaction of its own; outcomes in their order, a bad one harms no other."""
    return [_convert(store, user_id, each, schema, options or SaveOptions()) for each in conversions]


class _NotConverted(Exception):
    """Why a lead was not converted: everything done for it is undone."""

    def __init__(self, *errors: SaveError) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


def _convert(
    store: Store, user_id: str, wanted: LeadConversion, schema: Schema | None, options: SaveOptions
) -> ConvertedLead:
    lead_id = normalise(wanted.lead_id)
    try:
        if lead_id is None:
            raise _NotConverted(SaveError("MALFORMED_ID", f"malformed id {wanted.lead_id}"))
        with store.writing() as write:
            return _Conversion(store, write, user_id, schema, options, wanted, lead_id).run()
    except _NotConverted as refused:
        return ConvertedLead(lead_id or wanted.lead_id, False, errors=refused.errors)


@dataclass(frozen=True)
class _Conversion:
    """One lead on its way to becoming other records, in one transaction."""

    store: Store
    write: Writing
    user_id: str
    schema: Schema | None
    options: SaveOptions
    wanted: LeadConversion
    lead_id: str

    def run(self) -> ConvertedLead:
        lead = self._lead()
        owner_id = self._new_owner()
        owner = {"OwnerId": owner_id or _owner_of(lead, self.user_id)}
        account_id = self._account(lead, owner)
        contact_id = self._contact(lead, owner, account_id)
        opportunity_id = self._opportunity(lead, owner, account_id, contact_id)
        self._close(owner_id, account_id, contact_id, opportunity_id)
        self._record(lead, owner_id)
        self._hand_over(account_id, contact_id, opportunity_id)
        return ConvertedLead(self.lead_id, True, account_id, contact_id, opportunity_id)

    def _lead(self) -> Mapping[str, Cell]:
        """The lead as it stands. Raises _NotConverted where it cannot be converted."""
        lead_type = (self.schema or self.store.schema).object("Lead")
        if lead_type is None or not lead_type.updateable:
            raise _NotConverted(NO_ACCESS)
        wanted_fields = {*_TO_ACCOUNT, *_TO_CONTACT, "OwnerId"}
        lead = self._read("Lead", self.lead_id, wanted_fields)
        if lead.get("IsConverted"):
            raise _NotConverted(SaveError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"))
        if self.wanted.converted_status not in CONVERTED_STATUSES:
            message = f"invalid convertedStatus: {self.wanted.converted_status}"
            raise _NotConverted(SaveError("INVALID_STATUS", message, ("Status",)))
        lead_type = self.store.schema.require("Lead")
        if (held := locked(self.store.rules, self.write, lead_type, [self.lead_id])) is not None:
            raise _NotConverted(held)
        return lead

    def _new_owner(self) -> str | None:
        """The user who is to own the records and the lead, if the caller names one."""
        if self.wanted.owner_id is None:
            return None
        owner_id = self._given(self.wanted.owner_id)
        self._read("User", owner_id, [])
        return owner_id

    def _account(self, lead: Mapping[str, Cell], owner: Mapping[str, object]) -> str:
        mapped = _mapped(lead, _TO_ACCOUNT)
        if self.wanted.account_id is None:
            if self.wanted.contact_id is not None:
                existing = self._read("Contact", self._given(self.wanted.contact_id), ["AccountId"]).get("AccountId")
                if isinstance(existing, str):
                    return existing
            return self._save("insert", "Account", {**mapped, **self._person(lead), **owner})
        return self._fill("Account", self._given(self.wanted.account_id), mapped)

    def _person(self, lead: Mapping[str, Cell]) -> dict[str, object]:
        """What makes the account of a lead without a company a person's, where the org has Person Accounts."""
        if lead.get("Company") is not None or not has_person_accounts(self.store.schema):
            return {}
        said = _mapped(lead, _TO_CONTACT)
        names = contact_fields(self.store.schema)
        return {name: said[of] for name, of in names.items() if of in said and name not in SHARED}

    def _contact(self, lead: Mapping[str, Cell], owner: Mapping[str, object], account_id: str) -> str:
        mapped = _mapped(lead, _TO_CONTACT)
        own = self._read("Account", account_id, ["PersonContactId"]).get("PersonContactId")
        if isinstance(own, str):
            return self._fill("Contact", own, mapped)
        if self.wanted.contact_id is None:
            return self._save("insert", "Contact", {**mapped, **owner, "AccountId": account_id})
        contact_id = self._given(self.wanted.contact_id)
        belongs_to = self._read("Contact", contact_id, ["AccountId"]).get("AccountId")
        if belongs_to is not None and belongs_to != account_id:
            message = "The contact must belong to the account that the lead is converted to"
            raise _NotConverted(SaveError("INVALID_CROSS_REFERENCE_KEY", message))
        overwritten = {"LeadSource"} if self.wanted.overwrite_lead_source else set()
        return self._fill("Contact", contact_id, mapped | {"AccountId": account_id}, overwritten)

    def _opportunity(
        self, lead: Mapping[str, Cell], owner: Mapping[str, object], account_id: str, contact_id: str
    ) -> str | None:
        if self.wanted.opportunity_id is not None:
            opportunity_id = self._given(self.wanted.opportunity_id)
            self._read("Opportunity", opportunity_id, [])
            role = {"OpportunityId": opportunity_id, "ContactId": contact_id}
            self._save("insert", "OpportunityContactRole", role)
            return opportunity_id
        if self.wanted.do_not_create_opportunity:
            return None
        opportunity = {
            "Name": self.wanted.opportunity_name or f"{lead['Company'] or lead['LastName']}-",
            "AccountId": account_id,
            "ContactId": contact_id,
            "StageName": FIRST_STAGE,
            "CloseDate": _end_of_quarter(self.write.now.date()).isoformat(),
            **_mapped(lead, {"LeadSource": "LeadSource", "CurrencyIsoCode": "CurrencyIsoCode"}),
        }
        return self._save("insert", "Opportunity", {**opportunity, **owner})

    def _close(self, owner_id: str | None, account_id: str, contact_id: str, opportunity_id: str | None) -> None:
        self.write.connection.execute(
            f"""
            UPDATE {table("Lead")}
            SET "IsConverted" = true, "Status" = $status, "ConvertedDate" = $today,
                "ConvertedAccountId" = $account, "ConvertedContactId" = $contact,
                "ConvertedOpportunityId" = $opportunity, "OwnerId" = coalesce($owner, "OwnerId"),
                "LastModifiedDate" = $now, "LastModifiedById" = $user, "SystemModstamp" = $now
            WHERE "Id" = $lead
            """,
            {
                "status": self.wanted.converted_status, "today": self.write.now.date(), "account": account_id,
                "contact": contact_id, "opportunity": opportunity_id, "owner": owner_id,
                "now": self.write.now, "user": self.user_id, "lead": self.lead_id,
            },
        )  # fmt: skip
        self.write.saved.add("Lead")
        refresh_calculated(self.write.connection, self.store.schema, self.store.schema.require("Lead"), [self.lead_id])

    def _record(self, lead: Mapping[str, Cell], owner_id: str | None) -> None:
        """Keeps in the lead's history that it was converted, and what that changed."""
        cells: dict[str, Cell] = {"Status": self.wanted.converted_status, "OwnerId": owner_id or lead["OwnerId"]}
        row = Row(self.lead_id, cells=cells, existing=dict(lead))
        lead_type = self.store.schema.require("Lead")
        record_history(self.store, self.write, lead_type, [row], self.user_id)
        add_history(self.store, self.write, lead_type, [Change(self.lead_id, CONVERTED)], self.user_id)

    def _hand_over(self, account_id: str, contact_id: str, opportunity_id: str | None) -> None:
        """The lead's activities go to the contact, its campaign memberships name the contact too."""
        for name in ("Task", "Event"):
            if self.store.schema.object(name) is not None:
                self._move(name, '"WhoId" = $contact, "WhatId" = coalesce("WhatId", $what)', "WhoId", {
                    "contact": contact_id, "what": opportunity_id or account_id,
                })  # fmt: skip
        self._move("CampaignMember", '"ContactId" = $contact', "LeadId", {"contact": contact_id})

    def _move(self, object_name: str, assignment: str, reference: str, values: Mapping[str, object]) -> None:
        rows = self.write.connection.execute(
            f'UPDATE {table(object_name)} SET {assignment}, "SystemModstamp" = $now '
            f'WHERE "{reference}" = $lead AND NOT "IsDeleted" RETURNING "Id"',
            {**values, "now": self.write.now, "lead": self.lead_id},
        ).fetchall()
        ids = [record_id for (record_id,) in rows]
        if ids:
            object_type = self.store.schema.require(object_name)
            refresh(self.write, object_type, parents_of(self.write, object_type, ids))
            refresh_calculated(self.write.connection, self.store.schema, object_type, ids, [self.lead_id])
            self.write.saved.add(object_name)

    def _fill(
        self, object_name: str, record_id: str, mapped: Mapping[str, object], overwritten: set[str] | None = None
    ) -> str:
        """Fills what is empty in a record that was there; what it says already stays."""
        existing = self._read(object_name, record_id, mapped)
        fresh = {
            name: value
            for name, value in mapped.items()
            if existing.get(name) is None or (overwritten and name in overwritten)
        }
        return self._save("update", object_name, {"Id": record_id, **fresh}) if fresh else record_id

    def _read(self, object_name: str, record_id: str, names: Iterable[str]) -> dict[str, Cell]:
        object_type = self.store.schema.require(object_name)
        known = [name for name in names if object_type.has(name)]
        record = read_existing(self.write.connection, object_type, [record_id], known).get(record_id)
        if record is None:
            raise _NotConverted(SaveError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))
        if record.get("IsDeleted"):
            raise _NotConverted(SaveError("ENTITY_IS_DELETED", "entity is deleted"))
        return record

    def _given(self, text: str) -> str:
        record_id = normalise(text)
        if record_id is None:
            raise _NotConverted(SaveError("MALFORMED_ID", f"malformed id {text}"))
        return record_id

    def _save(self, operation: Operation, object_name: str, record: Mapping[str, object]) -> str:
        """Saves one of the records that the lead becomes. Raises _NotConverted with its errors."""
        object_type = (self.schema or self.store.schema).object(object_name)
        if object_type is None:
            raise _NotConverted(NO_ACCESS)
        known = {name: value for name, value in record.items() if name == "Id" or _writable(object_type.field(name))}
        [outcome] = save(
            self.store, self.user_id, object_name, operation, [known], schema=self.schema, options=self.options
        )
        if outcome.id is None or not outcome.success:
            raise _NotConverted(*outcome.errors)
        return outcome.id


def _writable(field: Field | None) -> bool:
    """Whether the user may fill a field; one that the user does not see stays empty."""
    return field is not None and field.createable


def _mapped(lead: Mapping[str, Cell], names: Mapping[str, str]) -> dict[str, object]:
    """The lead's filled fields under the names that they have in another object, as a client would send them."""
    return {to: value for name, to in names.items() if (value := lead.get(name)) is not None}


def _owner_of(lead: Mapping[str, Cell], user_id: str) -> str:
    """A lead of a queue becomes records of whoever converts it: queues own no accounts."""
    owner = lead.get("OwnerId")
    return owner if isinstance(owner, str) and owner.startswith("005") else user_id


def _end_of_quarter(day: date) -> date:
    """A new opportunity closes at the end of the quarter."""
    after = 3 * ((day.month - 1) // 3 + 1)
    return (date(day.year + 1, 1, 1) if after == 12 else date(day.year, after + 1, 1)) - timedelta(days=1)
