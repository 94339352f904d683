"""Incidents: opened once, counted up, closed when they are over, whoever restarts meanwhile."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from signal import SIGKILL

import pytest

from sf_elt.alerts import Finding, IncidentBook, Links, Policy, deliver
from sf_elt.alerts.channels import Webhook
from sf_elt.alerts.notices import CLAIM, Notice, claim, cross_off, sum_up, summed_up
from sf_elt.warehouse import Warehouse
from sf_elt_tests.alerts.receivers import http_receiver

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(settle=10 * MINUTE)
HOOK = ["webhook"]


def failure(subject: str, run: str, at: datetime = NOW) -> Finding:
    return Finding("failure", run, subject, "OrgUnavailable.", at, run, run)


def lag(stream: str) -> Finding:
    return Finding("lag", "salesforce", stream, "it has never been read.", NOW)


@pytest.fixture
def book(tmp_path: Path) -> IncidentBook:
    return IncidentBook.of(Warehouse(tmp_path / "warehouse"))


def sent(book: IncidentBook, at: datetime) -> Iterator[Notice]:
    """What a channel that takes everything is told by then."""
    while (notice := claim(book.file, "webhook", now=at)) is not None:
        yield notice
        cross_off(book.file, notice, now=at)


def events(book: IncidentBook, at: datetime) -> list[str]:
    return [each.event for each in sent(book, at)]


def told(book: IncidentBook, at: datetime) -> list[str]:
    return [f"{each.event} {len(book.incident(each.incident).subjects)}" for each in sent(book, at)]


def test_ten_partitions_of_a_backfill_are_one_incident(book: IncidentBook) -> None:
    """Ten runs fail for one asset, in between others go well: one message, with ten runs counted."""
    for number in range(10):
        book.add([failure("streams/leads", f"run {number}")], now=NOW + number * MINUTE)
        book.settle(POLICY, HOOK, now=NOW + number * MINUTE)
    assert told(book, NOW + 10 * MINUTE) == ["opened 1"]
    (incident,) = book.incidents()
    assert incident.times == 10
    assert incident.began_at == NOW


def test_what_one_run_fails_to_make_is_one_incident(book: IncidentBook) -> None:
    """Four streams of one run: one message. Of another run, the stream that did not fail yet is another incident."""
    book.add([failure(f"streams/{name}", "run 1") for name in "abcd"], now=NOW)
    book.settle(POLICY, HOOK, now=NOW)
    book.add([failure("streams/a", "run 2"), failure("streams/e", "run 2")], now=NOW + MINUTE)
    book.settle(POLICY, HOOK, now=NOW + MINUTE)
    assert told(book, NOW + MINUTE) == ["opened 4", "opened 1"]


def test_a_condition_that_comes_back_before_it_settles_is_the_same_incident(book: IncidentBook) -> None:
    """It closes only after it has been over for as long as the policy says, and then opens anew."""
    book.observe("lag", [lag("a"), lag("b")], now=NOW)
    book.observe("lag", [], now=NOW + MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 5 * MINUTE)
    book.observe("lag", [lag("a")], now=NOW + 6 * MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 30 * MINUTE)
    assert told(book, NOW + 30 * MINUTE) == ["opened 2"]
    book.observe("lag", [], now=NOW + 31 * MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 41 * MINUTE)
    assert told(book, NOW + 41 * MINUTE) == ["over 2"]
    assert book.incidents() == []
    book.observe("lag", [lag("a")], now=NOW + 50 * MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 50 * MINUTE)
    assert told(book, NOW + 50 * MINUTE) == ["opened 1"]


def test_what_comes_and_goes_for_a_day_is_a_few_messages(book: IncidentBook) -> None:
    """Calls that oscillate around their share, half of every hour: told twice and twice over, and then it lasts."""
    heard: list[str] = []
    for number in range(24 * 12):
        now = NOW + number * 5 * MINUTE
        book.observe("lag", [lag("a")] if number % 12 < 6 else [], now=now)
        book.settle(POLICY, HOOK, now=now)
        heard += told(book, now)
    assert heard == ["opened 1", "over 1", "opened 1", "over 1", "opened 1"]
    later = NOW + timedelta(days=3)
    for now in (later, later + timedelta(days=1)):
        book.observe("lag", [], now=now)
        book.settle(POLICY, HOOK, now=now)
    assert told(book, now) == ["over 1"]


def test_a_clock_that_was_ahead_silences_nobody(book: IncidentBook) -> None:
    """Set back by a year: what waits goes, what is over ends, and what was never read lags from now on."""
    ahead = NOW + timedelta(days=365)
    book.observe("lag", [lag("a"), lag("b")], now=ahead)
    book.watched_since(["a"], now=ahead)
    book.settle(POLICY, HOOK, now=ahead)
    notice = claim(book.file, "webhook", now=ahead)
    assert notice is not None
    book.observe("lag", [lag("a")], now=ahead)
    book.settle(POLICY, HOOK, now=NOW)
    assert told(book, NOW) == ["opened 2"]
    book.settle(POLICY, HOOK, now=NOW + 11 * MINUTE)
    assert [each.name for each in book.open_subjects("lag")] == ["a"]
    assert book.watched_since(["a"], now=NOW) == {"a": NOW}


def test_a_subject_that_is_well_again_does_not_wait_for_the_others(book: IncidentBook) -> None:
    """One of two is over for long, the other lasts: the first failing again is an incident of its own."""
    book.add([failure("a", "run 1"), failure("b", "run 1")], now=NOW)
    book.end("failure", ["a"], now=NOW + MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 20 * MINUTE)
    assert [each.name for each in book.open_subjects("failure")] == ["b"]
    book.add([failure("a", "run 2")], now=NOW + 30 * MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 30 * MINUTE)
    assert told(book, NOW + 30 * MINUTE) == ["opened 2", "opened 1"]


def test_a_run_that_is_seen_twice_is_one(book: IncidentBook) -> None:
    """Dagster shows a failed run again after a crash: also once its incident is over, it opens none."""
    book.add([failure("a", "run 1")], now=NOW)
    book.add([failure("a", "run 1")], now=NOW)
    assert book.incidents()[0].times == 1
    book.end("failure", ["a"], now=NOW)
    book.settle(POLICY, HOOK, now=NOW + 20 * MINUTE)
    book.add([failure("a", "run 1")], now=NOW + 21 * MINUTE)
    assert book.incidents() == []


def test_a_reminder_comes_while_it_lasts(book: IncidentBook) -> None:
    """After the configured time since the channel heard of it last, and not before that."""
    policy = Policy(remind=timedelta(hours=4))
    book.observe("lag", [lag("a")], now=NOW)
    for hours, heard in ((0, ["opened 1"]), (3, []), (4, ["reminder 1"]), (7, []), (8, ["reminder 1"])):
        at = NOW + timedelta(hours=hours)
        book.settle(policy, HOOK, now=at)
        assert told(book, at) == heard, hours


def test_a_channel_that_was_down_hears_only_how_it_ended(book: IncidentBook) -> None:
    """An incident that is over before the channel is back is one message, not two; none where ends are not told."""
    book.observe("lag", [lag("a")], now=NOW)
    book.settle(POLICY, HOOK, now=NOW)
    book.observe("lag", [], now=NOW + MINUTE)
    book.settle(POLICY, HOOK, now=NOW + 20 * MINUTE)
    assert told(book, NOW + 20 * MINUTE) == ["over 1"]


def test_a_message_whose_sender_was_killed_goes_again_with_the_same_id(book: IncidentBook) -> None:
    """Claimed and not crossed off: nobody else sends it meanwhile, and after a while it is sent once more."""
    book.observe("lag", [lag("a")], now=NOW)
    book.settle(POLICY, HOOK, now=NOW)
    first = claim(book.file, "webhook", now=NOW)
    assert first is not None
    assert claim(book.file, "webhook", now=NOW + CLAIM - MINUTE) is None
    again = claim(book.file, "webhook", now=NOW + CLAIM)
    assert again is not None
    assert again.id == first.id


def _tick(root: Path, address: str, at: datetime = NOW) -> None:
    """What a daemon does, on the same incident."""
    book = IncidentBook.of(Warehouse(root))
    book.observe("lag", [lag("a")], now=at)
    book.settle(POLICY, HOOK, now=at)
    deliver(book, [Webhook(address)], Links(), lambda: at)


def test_a_daemon_that_is_killed_while_it_sends_sends_once_more(tmp_path: Path) -> None:
    """By SIGKILL, once the channel has the message: the next one waits for a while, and sends it with the same id."""
    root, senders = tmp_path / "warehouse", SimpleQueue[int | None]()
    with http_receiver() as hook:
        hook.instead.append(lambda: os.kill(senders.get() or 0, SIGKILL))
        for at, heard, ended in (
            (NOW, 1, -SIGKILL),
            (NOW + MINUTE, 1, 0),
            (NOW + CLAIM, 2, 0),
            (NOW + 3 * CLAIM, 2, 0),
        ):
            daemon = get_context("fork").Process(target=_tick, args=(root, hook.address, at))
            daemon.start()
            senders.put(daemon.pid)
            daemon.join()
            assert (daemon.exitcode, len(hook.got)) == (ended, heard), at
        assert len({each["id"] for each in hook.got}) == 1
        assert len({each["Idempotency-Key"] for each in hook.headers}) == 1


@pytest.mark.parametrize("restarts", [1])
def test_two_daemons_send_one_message(tmp_path: Path, restarts: int) -> None:
    """Two processes find the same at once, and one is started again: the channel is told once."""
    root = tmp_path / "warehouse"
    with http_receiver() as hook:
        for _ in range(1 + restarts):
            daemons = [get_context("fork").Process(target=_tick, args=(root, hook.address)) for _ in range(2)]
            for each in daemons:
                each.start()
            for each in daemons:
                each.join()
                assert each.exitcode == 0
        assert [each["event"] for each in hook.got] == ["opened"]


def test_a_book_of_an_earlier_version_goes_on(book: IncidentBook) -> None:
    """It lacks tables: they are made, and nothing is told twice."""
    book.observe("lag", [lag("a")], now=NOW)
    book.settle(POLICY, HOOK, now=NOW)
    assert told(book, NOW) == ["opened 1"]
    with book.file.transaction() as connection:
        for each in ("TRIGGER notice_dropped", "TABLE refusals", "TABLE summed"):
            connection.execute(f"DROP {each}")
        connection.execute("PRAGMA user_version = 0")
    book.settle(POLICY, HOOK, now=NOW)
    assert told(book, NOW) == []
    assert len(book.incidents()) == 1


def test_what_was_wrong_before_anybody_looked_is_one_message(book: IncidentBook) -> None:
    """At the first look at a kind, and at the first one in a while: what begins while they look is told by itself."""
    checks = [Finding("check", each, each, "it failed.", NOW - timedelta(days=9)) for each in "abc"]
    for hours, found, heard in (
        (0, checks[:2], ["summary"]), (0.1, checks, ["opened"]), (0.2, checks[2:], ["over", "over"]),
        (9, checks, ["summary"]),
    ):  # fmt: skip
        now = NOW + timedelta(hours=hours)
        book.observe("check", found, now=now)
        book.observe("lag", [], now=now)
        book.settle(Policy(settle=timedelta()), HOOK, now=now)
        assert events(book, now) == heard, hours
    assert len(book.incidents()) == 3


def test_what_may_have_been_sent_goes_again_as_it_was(book: IncidentBook) -> None:
    """A summary whose sender was killed: who drops what has come already misses nothing that came after it."""
    for at, names in ((NOW, "abcdefg"), (NOW + CLAIM, "h")):
        book.add([failure(each, each) for each in names], now=at)
        book.settle(POLICY, HOOK, now=at)
        sum_up(book.file, "webhook", now=at)
        if at == NOW:
            first = claim(book.file, "webhook", now=NOW)
            assert first is not None
            before = summed_up(book.file, first)
    again, single = sent(book, at)
    assert (again.id, single.event) == (first.id, "opened")
    assert summed_up(book.file, again) == before
    assert len(before) == 7


@pytest.mark.parametrize("is_told", [True, False])
def test_a_kind_that_nobody_wanted_to_know_of_is_looked_at_anew(book: IncidentBook, is_told: bool) -> None:
    """Switched off for a moment, and on: what is wrong then is one message, and not one for each."""
    for minutes, names in ((0, ""), (1, ""), (2, "ab")):
        now = NOW + minutes * MINUTE
        if minutes == 1 and not is_told:
            book.drop("lag", now=now)
        else:
            book.observe("lag", [Finding("lag", each, each, "", now) for each in names], now=now)
    book.settle(POLICY, HOOK, now=now)
    assert events(book, now) == (["opened", "opened"] if is_told else ["summary"])


def test_the_book_is_its_owners(book: IncidentBook) -> None:
    """It names assets and runs, no people; still nobody else can read it."""
    book.observe("lag", [lag("a")], now=NOW)
    for file in book.file.file.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
