"""Whatever clients do with records, by whichever API: the org is as a model of it in Python says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from sf_elt.demo_org.serve import running_org
from sf_elt_tests.demo_org import bulk_jobs as bulk
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.examples import some

NAME, TITLE, KEY = st.sampled_from("ABC"), st.sampled_from(["p", "n/a", "O'N", None]), st.sampled_from(["1", "2", "3"])
DOORS = st.sampled_from(["rest", "collection", "composite", "soap", "bulk"])


@dataclass
class Contact:
    """What the model knows of one; `deleted_with` is the account that took it along."""

    fields: dict[str, Any]
    deleted: bool = False
    removed: bool = False
    deleted_with: str | None = None


class History(RuleBasedStateMachine):
    """Contacts of one account, saved and deleted alone, with the account, and by merging."""

    wire: Wire
    began: datetime

    def __init__(self) -> None:
        super().__init__()
        self.account, self.account_deleted = self.wire.new("Account", Name="Acme"), False
        self.contacts: dict[str, Contact] = {}

    @rule(door=DOORS, name=NAME, title=TITLE, key=st.none() | KEY)
    @precondition(lambda self: not self.account_deleted)
    def create(self, door: str, name: str, title: str | None, key: str | None) -> None:
        fields = {"LastName": name, "Title": title, "External_Id__c": self.key(key), "AccountId": self.account}
        given = {field: value for field, value in fields.items() if value is not None}
        made = self.save(door, "insert", given)
        assert (made is None) == (self.holder(key) is not None)
        if made is not None:
            self.contacts[made] = Contact(fields)

    @rule(door=DOORS, data=st.data(), name=NAME, title=TITLE)
    @precondition(lambda self: self.living())
    def update(self, door: str, data: st.DataObject, name: str, title: str | None) -> None:
        record_id, changed = self.one_of(data, self.living()), {"LastName": name, "Title": title}
        assert self.save(door, "update", {"Id": record_id, **changed})
        self.contacts[record_id].fields |= changed

    @rule(door=DOORS, name=NAME, key=KEY)
    def upsert(self, door: str, name: str, key: str) -> None:
        holder = self.holder(key)
        saved = self.save(door, "upsert", {"External_Id__c": self.key(key), "LastName": name})
        assert saved is not None
        if holder is None:
            assert saved not in self.contacts
            fields = {"Title": None, "AccountId": None, "External_Id__c": self.key(key)}
            self.contacts[saved] = Contact(fields)
        else:
            assert saved == holder
        self.contacts[saved].fields["LastName"] = name

    @rule(door=DOORS, data=st.data(), for_good=st.booleans())
    @precondition(lambda self: self.living())
    def delete(self, door: str, data: st.DataObject, for_good: bool) -> None:
        record_id = self.one_of(data, self.living())
        operation = "hardDelete" if for_good and door == "bulk" else "delete"
        assert self.save(door, operation, {"Id": record_id})
        self.contacts[record_id].deleted, self.contacts[record_id].removed = True, operation == "hardDelete"

    @rule(data=st.data())
    @precondition(lambda self: self.in_the_bin() and not self.account_deleted)
    def undelete(self, data: st.DataObject) -> None:
        record_id = self.one_of(data, self.in_the_bin())
        taken = self.clashes([record_id])
        [result] = soap(self.wire.details, "undelete", {"ids": record_id})
        assert (result["success"] == "true") != taken
        if not taken:
            self.contacts[record_id].deleted = False

    @rule(data=st.data())
    @precondition(lambda self: len(self.living()) > 1)
    def merge(self, data: st.DataObject) -> None:
        master = self.one_of(data, self.living())
        loser = self.one_of(data, [each for each in self.living() if each != master])
        request = {"masterRecord": {"type": "Contact", "Id": master}, "recordToMergeIds": loser}
        [result] = soap(self.wire.details, "merge", {"request": request})
        assert result["success"] == "true"
        self.contacts[loser].deleted = True

    @rule()
    def delete_or_restore_the_account(self) -> None:
        if not self.account_deleted:
            assert self.wire("DELETE", f"{V62}/sobjects/Account/{self.account}").status_code == 204
            for each in self.living():
                if self.contacts[each].fields["AccountId"]:
                    self.contacts[each].deleted, self.contacts[each].deleted_with = True, self.account
            self.account_deleted = True
            return
        along = [each for each in self.in_the_bin() if self.contacts[each].deleted_with]
        taken = self.clashes(along)
        [result] = soap(self.wire.details, "undelete", {"ids": self.account})
        assert (result["success"] == "true") != taken
        if not taken:
            self.account_deleted = False
            for each in along:
                self.contacts[each].deleted, self.contacts[each].deleted_with = False, None

    def teardown(self) -> None:
        """Every way of reading tells the same, and that is what the model says."""
        own = set(self.contacts)
        fields = ["LastName", "Title", "External_Id__c", "AccountId"]
        found = {each["Id"]: each for each in self.read("queryAll", f"Id, IsDeleted, {', '.join(fields)}")}
        for record_id, known in self.contacts.items():
            if known.removed:
                assert record_id not in found
                continue
            assert found[record_id]["IsDeleted"] == known.deleted
            assert {name: found[record_id][name] for name in fields} == known.fields
        assert {each["Id"] for each in self.read("query", "Id")} & own == set(self.living())
        end = datetime.now(UTC) + timedelta(minutes=2)
        span = {"start": self.began.isoformat(), "end": end.isoformat()}
        updated = self.wire("GET", f"{V62}/sobjects/Contact/updated", params=span).json()["ids"]
        deleted = self.wire("GET", f"{V62}/sobjects/Contact/deleted", params=span).json()["deletedRecords"]
        assert set(updated) & own == set(self.living())
        assert {each["id"] for each in deleted} & own == own - set(self.living())

    def read(self, resource: str, fields: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.wire(
            "GET", f"{V62}/{resource}", params={"q": f"SELECT {fields} FROM Contact"}
        ).json()["records"]
        return found

    def key(self, key: str | None) -> str | None:
        """A key of this history's own: all of them share an org."""
        return key and f"{self.account}-{key}"

    def holder(self, key: str | None) -> str | None:
        """The living contact that has the key."""
        wanted = self.key(key)
        return next((each for each in self.living() if wanted and self.key_of(each) == wanted), None)

    def clashes(self, ids: list[str]) -> bool:
        """Whether a living contact has the key of one of these."""
        held = {self.key_of(each) for each in self.living()} - {None}
        return any(self.key_of(each) in held for each in ids)

    def key_of(self, record_id: str) -> str | None:
        key: str | None = self.contacts[record_id].fields["External_Id__c"]
        return key

    def living(self) -> list[str]:
        return [record_id for record_id, each in self.contacts.items() if not each.deleted]

    def in_the_bin(self) -> list[str]:
        return [record_id for record_id, each in self.contacts.items() if each.deleted and not each.removed]

    def one_of(self, data: st.DataObject, ids: list[str]) -> str:
        return ids[data.draw(st.integers(0, len(ids) - 1))]

    def save(self, door: str, operation: str, record: dict[str, Any]) -> str | None:
        """Saves a contact by one of the APIs; gives its Id, or None where it was refused."""
        return getattr(self, f"save_by_{door}")(operation, dict(record))

    def save_by_rest(self, operation: str, record: dict[str, Any]) -> str | None:
        method, path, body = self.request(operation, record)
        reply = self.wire(method, V62 + path, json=body)
        return self.id_in(record, reply.status_code, reply.json() if reply.content else None)

    def save_by_composite(self, operation: str, record: dict[str, Any]) -> str | None:
        method, path, body = self.request(operation, record)
        subrequest = {"method": method, "url": V62 + path, "referenceId": "it", **({"body": body} if body else {})}
        whole = {"allOrNone": True, "compositeRequest": [subrequest]}
        [reply] = self.wire("POST", f"{V62}/composite", json=whole).json()["compositeResponse"]
        return self.id_in(record, reply["httpStatusCode"], reply["body"])

    def save_by_collection(self, operation: str, record: dict[str, Any]) -> str | None:
        if operation == "delete":
            [reply] = self.wire("DELETE", f"{V62}/composite/sobjects?ids={record['Id']}").json()
        else:
            method, path = {"insert": ("POST", ""), "update": ("PATCH", "")}.get(
                operation, ("PATCH", "/Contact/External_Id__c")
            )
            [reply] = self.wire.collections(method, [{"attributes": {"type": "Contact"}, **record}], path).json()
        return reply["id"] if reply["success"] else None

    def save_by_soap(self, operation: str, record: dict[str, Any]) -> str | None:
        if operation == "delete":
            [result] = soap(self.wire.details, "delete", {"ids": record["Id"]})
        else:
            emptied = [name for name, value in record.items() if value is None]
            filled = {name: value for name, value in record.items() if value is not None}
            sent = {"sObjects": {"type": "Contact", "fieldsToNull": emptied, **filled}}
            by = {"externalIDFieldName": "External_Id__c"} if operation == "upsert" else {}
            [result] = soap(self.wire.details, "create" if operation == "insert" else operation, by | sent)
        return result["id"] if result["success"] == "true" else None

    def save_by_bulk(self, operation: str, record: dict[str, Any]) -> str | None:
        cells = ["#N/A" if value is None else f'"{value}"' for value in record.values()]
        by = {"externalIdFieldName": "External_Id__c"} if operation == "upsert" else {}
        text = f"{','.join(record)}\n{','.join(cells)}\n"
        job = bulk.ingest(self.wire.details, operation, text, "Contact", **by)
        saved = bulk.rows(self.wire.details, f"{job}/successfulResults")
        return saved[0]["sf__Id"] if saved else None

    def request(self, operation: str, record: dict[str, Any]) -> tuple[str, str, dict[str, Any] | None]:
        """The REST request that saves a contact."""
        contact = "/sobjects/Contact"
        if operation == "insert":
            return "POST", contact, record
        if operation == "upsert":
            return "PATCH", f"{contact}/External_Id__c/{record.pop('External_Id__c')}", record
        address = f"{contact}/{record['Id']}"
        changed = {name: value for name, value in record.items() if name != "Id"}
        return ("DELETE", address, None) if operation == "delete" else ("PATCH", address, changed)

    def id_in(self, record: dict[str, Any], status: int, body: Any) -> str | None:
        if status >= 400:
            return None
        found: str = record["Id"] if status == 204 else body["id"]
        return found


@contextmanager
def history_of_an_org() -> Iterator[type[History]]:
    with running_org(records=0) as details:
        yield type("HistoryOfAnOrg", (History,), {"wire": Wire(details), "began": datetime.now(UTC)})


@pytest.mark.soak
@pytest.mark.hypothesis  # it runs hypothesis itself
def test_any_history_of_saves_by_any_api_ends_as_its_model_says() -> None:
    """Records, deletions and replication agree with what the clients were told, whichever doors they came by."""
    with history_of_an_org() as history:
        modest = settings(max_examples=some(3), stateful_step_count=20, deadline=None)
        run_state_machine_as_test(history, settings=modest)  # type: ignore[no-untyped-call]  # hypothesis' own
