"""Transactions of the store that go on across saves, threads and contexts."""

import contextvars
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from sf_elt.demo_org.saving import save
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.store import Store, table

ADMIN = "005Hs0000000001IAA"
LEAD = {"LastName": "A", "Company": "B"}


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(load_schema()) as store:
        yield store


def insert(store: Store, **changed: object) -> None:
    save(store, ADMIN, "Lead", "insert", [LEAD | changed])


def test_saves_inside_a_transaction_show_to_others_at_its_end(store: Store) -> None:
    """Who reads inside sees each save at once, who reads elsewhere sees none until the whole is committed."""
    with ThreadPoolExecutor(1) as elsewhere:
        with store.transaction():
            insert(store)
            insert(store)
            assert store.count("Lead") == 2
            assert elsewhere.submit(store.count, "Lead").result() == 0
        assert elsewhere.submit(store.count, "Lead").result() == 2


def test_a_thread_that_carries_the_context_is_part_of_the_transaction(store: Store) -> None:
    """A save in a worker thread that runs in this context joins, instead of waiting for ever."""
    with ThreadPoolExecutor(1) as worker, store.transaction() as transaction:
        worker.submit(contextvars.copy_context().run, insert, store).result()
        transaction.failed = True
    assert store.count("Lead") == 0


def test_an_exception_undoes_every_save_inside(store: Store) -> None:
    """All saves of a transaction that raises are gone, and the next writer gets in."""
    with pytest.raises(RuntimeError), store.transaction():
        insert(store)
        raise RuntimeError
    insert(store)
    assert store.count("Lead") == 1


def test_a_part_that_raises_fails_the_whole_even_when_caught(store: Store) -> None:
    """Nothing can be kept of a transaction in which a part was given up: it says so and is rolled back."""
    with store.transaction() as transaction:
        insert(store)
        save(store, ADMIN, "Lead", "insert", [LEAD, {"Company": "No name"}], all_or_none=True)
        assert transaction.failed
    assert store.count("Lead") == 0


def test_a_refused_record_leaves_the_transaction_whole(store: Store) -> None:
    """A record that is refused on its own undoes nothing around it."""
    with store.transaction() as transaction:
        insert(store)
        save(store, ADMIN, "Lead", "insert", [LEAD, {"Company": "No name"}])
        assert not transaction.failed
    assert store.count("Lead") == 2


def test_another_store_is_another_matter(store: Store) -> None:
    """A transaction of one org takes in nothing of another."""
    with Store(load_schema()) as other:
        with pytest.raises(RuntimeError), store.transaction():
            insert(other)
            raise RuntimeError
        assert other.count("Lead") == 1


def test_ids_given_out_inside_a_transaction_stay_given(store: Store) -> None:
    """Somebody else can take Ids while a transaction is under way, and no Id is given twice after it was undone."""
    with ThreadPoolExecutor(1) as elsewhere, store.transaction() as transaction:
        mine = store.next_ids("Lead", 2)
        theirs = elsewhere.submit(store.next_ids, "Lead", 2).result()
        transaction.failed = True
    assert len({*mine, *theirs, *store.next_ids("Lead", 2)}) == 6


def test_a_transaction_that_cannot_be_committed_is_over(store: Store) -> None:
    """What DuckDB refuses to commit raises, and holds no longer back how far reads are covered."""
    add = f"INSERT INTO {table('Lead')} (\"Id\") VALUES ('00Q')"
    with store.reading() as another, pytest.raises(duckdb.Error), store.transaction() as transaction:
        transaction.write.connection.execute(add)
        another.execute(add)
    assert store.writing_since is None
    insert(store)
