"""Person Accounts as an org has them whose administrator switched the feature on: a record type, and a few people."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from datetime import UTC, datetime, time, timedelta

from sf_elt.demo_org.person_accounts import with_person_accounts
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.store import Store, table

RECORD_TYPE = {"Name": "Person Account", "DeveloperName": "PersonAccount", "SobjectType": "Account"}

_PEOPLE: tuple[dict[str, object], ...] = (
    {
        "FirstName": "Ines", "LastName": "Quaranta", "Salutation": "Dr.", "PersonEmail": "ines.quaranta@mail.example",
        "PersonTitle": "Dentist", "PersonMailingCity": "Torino", "PersonMailingCountryCode": "IT",
        "PersonBirthdate": "1979-03-02",
    },
    {
        "FirstName": "Bogdan", "LastName": "Żuraw", "PersonEmail": "b.zuraw@post.example", "Phone": "+48 22 555 0101",
        "PersonHasOptedOutOfEmail": True, "Interests__pc": "Email;Mobile",
    },
    {"LastName": "Cher", "PersonEmail": "cher@inbox.example.com", "PersonMobilePhone": "(212) 555-0142"},
    {"FirstName": "Amadou", "LastName": "N'Diaye", "PersonHomePhone": "+221 33 555 0199", "PersonLeadSource": "Web"},
)  # fmt: skip
"""One of them without a first name, one without an email."""


def switch_on_person_accounts(store: Store, *, with_people: bool, now: datetime) -> None:
    """Gives the org the feature and a record type for it; `with_people`, also some of whom one is a lead, too.

    They were made a day before the midnight (UTC) with which the history of the org's records ends.
    """
    store.change_schema(with_person_accounts)
    with store.reading() as connection:
        [(user_id,)] = connection.execute(f'SELECT min("Id") FROM {table("User")} WHERE "IsActive"').fetchall()
        [(of_a_lead,)] = connection.execute(
            f'SELECT min("Email") FROM {table("Lead")} WHERE NOT "IsDeleted"'
        ).fetchall()
    midnight = datetime.combine(now.astimezone(UTC).date(), time())
    with store.begun_at(midnight - timedelta(days=1)), store.transaction():
        _saved(store, user_id, "RecordType", {**RECORD_TYPE, "IsActive": True, "IsPersonType": True})
        if with_people:
            both = {"FirstName": "Lena", "LastName": "Twice", "PersonEmail": of_a_lead}
            _saved(store, user_id, "Account", *_PEOPLE, both)


def _saved(store: Store, user_id: str, object_name: str, *records: dict[str, object]) -> None:
    for outcome in save(store, user_id, object_name, "insert", records):
        if not outcome.success:
            raise ValueError(f"{object_name} cannot be seeded: {outcome.errors}")
