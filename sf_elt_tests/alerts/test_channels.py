"""Channels: real HTTP and SMTP servers get the message as it is meant, and no fault of theirs tells a secret."""

import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import tenacity.nap

from sf_elt.alerts import (
    ChannelUnusable,
    Email,
    Finding,
    IncidentBook,
    Links,
    NotDelivered,
    PartlyDelivered,
    Policy,
    Slack,
    Webhook,
    deliver,
    delivering,
    message_about,
    require_address,
)
from sf_elt.alerts.channels import as_json, in_mrkdwn
from sf_elt.alerts.delivering import Delivered
from sf_elt.alerts.kinds import Incident, Subject
from sf_elt.alerts.messages import Message
from sf_elt.salesforce.connection import halting
from sf_elt.warehouse import Warehouse
from sf_elt_tests.alerts.receivers import Hook, Mailbox, http_receiver, smtp_receiver

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = "leads\r\nBcc: thief@example.com\r\n\r\n<!channel> <https://evil.example|click> *bold* \x1b[31m\u202e"


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with http_receiver() as hook:
        yield hook


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with smtp_receiver() as mailbox:
        yield mailbox


@pytest.fixture(autouse=True)
def empty(hook: Hook, mailbox: Mailbox) -> None:
    """Nothing is left of another test."""
    for each in (hook.got, hook.headers, hook.answers, mailbox.mails, mailbox.to):
        each.clear()
    mailbox.refuses.clear()
    hook.refuses.clear()


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a channel was waited for, which no test waits."""
    seconds: list[float] = []
    monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


def message(says: str = "OrgUnavailable.", event: str = "opened", id_: str = "i.opened.1") -> Message:
    subject = Subject("streams/salesforce_leads", says, "run-1", False, ())
    incident = Incident("i", "failure", "run-1", NOW, None, (subject,))
    return message_about(incident, event, id_, Links("https://dagster.example.com", "https://docs.example.com"))


def email(mailbox: Mailbox, **changed: object) -> Email:
    settings = {"host": "127.0.0.1", "port": mailbox.port, "sender": "sf-elt@example.com", "security": "none"}
    return Email(**{**settings, "to": ("ops@example.com",), **changed})


def test_a_message_says_what_where_since_when_and_what_to_do(hook: Hook, mailbox: Mailbox) -> None:
    """All three channels carry the asset, the error's class, the time, what to do, and the links."""
    Slack(hook.address).send(message())
    Webhook(hook.address, token="t0ken").send(message())
    email(mailbox).send(message())
    slack, body = hook.got
    (mail,) = mailbox.mails
    for text in (str(slack["text"]), str(body), mail.get_content()):
        for part in ("streams/salesforce_leads", "OrgUnavailable", "2026-11-22", "Read the error in the run"):
            assert part in text
        assert "https://dagster.example.com/runs/run-1" in text
        assert "https://docs.example.com/troubleshooting.md" in text
    assert (body["event"], body["kind"], body["since"]) == ("opened", "failure", "2026-11-22T12:00:00+00:00")
    assert hook.headers[1]["Authorization"] == "Bearer t0ken"
    assert hook.headers[1]["Idempotency-Key"] == body["id"] == "i.opened.1"
    assert (mail["To"], mail["From"]) == ("ops@example.com", "sf-elt@example.com")
    assert mail["Message-ID"] == "<i.opened.1@example.com>"
    assert mail["Subject"] == "[sf_elt] Failed: streams/salesforce_leads"


def test_nothing_in_a_message_drives_slack_a_mail_or_a_terminal(mailbox: Mailbox) -> None:
    """A name with line ends, mentions, links and escape characters is text: no header, no ping, no colour."""
    subject = Subject(HOSTILE, HOSTILE, None, False, ())
    told = message_about(Incident("i", "lag", "w", NOW, None, (subject,)), "opened", "id", Links())
    email(mailbox).send(told)
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert len(mailbox.to[0]) == 1
    assert "\n" not in mail["Subject"]
    mrkdwn = in_mrkdwn(told)
    assert "<" not in mrkdwn
    assert "*bold*" not in mrkdwn
    assert not re.search(r"[\x1b\u202e\n\r]", str(as_json(told)["title"]) + told.facts[0])


def test_too_many_requests_are_waited_for(hook: Hook, waited: list[float]) -> None:
    """429 with a Retry-After that fits into a tick: sent after it, once."""
    hook.answers += [(429, {"Retry-After": "7"}), (503, {})]
    Slack(hook.address).send(message())
    assert len(hook.got) == 1
    assert waited == [7, 1]


def test_a_longer_wait_is_left_to_a_later_tick(hook: Hook, tmp_path: Path) -> None:
    """Retry-After of five minutes: nothing is sent before, and the message goes after it."""
    book = IncidentBook.of(Warehouse(tmp_path / "warehouse"))
    book.observe("lag", [Finding("lag", "salesforce", "a", "it has never been read.", NOW)], now=NOW)
    book.settle(Policy(), ["webhook"], now=NOW)
    hook.answers.append((429, {"Retry-After": "300"}))
    channel = Webhook(hook.address)
    (told,) = deliver(book, [channel], Links(), lambda: NOW)
    assert (told.sent, told.fault) == (0, "it answers HTTP 429")
    for minutes, sent in ((4, 0), (5, 1), (6, 0)):
        (told,) = deliver(book, [channel], Links(), lambda minutes=minutes: NOW + timedelta(minutes=minutes))
        assert told.sent == sent, minutes


def test_a_channel_that_is_down_holds_up_no_other(hook: Hook, mailbox: Mailbox, tmp_path: Path) -> None:
    """Nobody listens at one address, and the mail server refuses: the webhook is told, the others later, in order."""
    book = IncidentBook.of(Warehouse(tmp_path / "warehouse"))
    names = ["slack", "email", "webhook"]
    mailbox.refuses["MAIL"] = "451 later"
    channels = [Slack("http://127.0.0.1:9/services/secret-of-the-hook"), email(mailbox), Webhook(hook.address)]
    for number in range(2):
        finding = Finding("quota", f"import:{number}", f"import:{number}", "all of them.", NOW)
        book.add([finding], now=NOW)
        book.settle(Policy(), names, now=NOW)
    slack, mail, webhook = deliver(book, channels, Links(), lambda: NOW)
    assert (slack.sent, slack.fault) == (0, "it cannot be reached")
    assert (mail.sent, mail.fault) == (0, "the server refuses the sender (SMTP 451)")
    assert (webhook.sent, webhook.fault) == (2, None)
    mailbox.refuses.clear()
    later = NOW + timedelta(minutes=2)
    _, mail, webhook = deliver(book, [Slack(hook.address), *channels[1:]], Links(), lambda: later)
    assert (mail.sent, webhook.sent) == (2, 0)
    assert [each["Subject"][-8:] for each in mailbox.mails] == ["import:0", "import:1"]


def test_a_message_that_is_refused_for_good_holds_up_no_other(hook: Hook, tmp_path: Path) -> None:
    """The ones behind it go in the same tick; it is counted, tried again after a while, and given up after a week."""
    book, channel = IncidentBook.of(Warehouse(tmp_path / "warehouse")), Webhook(hook.address)
    hook.refuses.add("import:1")
    for number in range(4):
        book.add([Finding("quota", f"import:{number}", f"import:{number}", "all of them.", NOW)], now=NOW)
    book.settle(Policy(), ["webhook"], now=NOW)
    (told,) = deliver(book, [channel], Links(), lambda: NOW)
    assert (told.sent, told.fault) == (3, "it answers HTTP 400")
    (backlog,) = book.backlogs(now=NOW)
    assert str(backlog) == "1 message waits since 2026-11-22 12:00 UTC, 1 of them refused (it answers HTTP 400)"
    for days, requests in ((0, 4), (1, 5), (8, 5)):
        deliver(book, [channel], Links(), lambda days=days: NOW + timedelta(days=days))
        assert len(hook.headers) == requests, days
    assert book.backlogs(now=NOW + timedelta(days=8)) == []


def test_a_channel_that_was_down_for_a_day_is_told_in_one_message(hook: Hook, tmp_path: Path) -> None:
    """Twelve messages wait, one is over: one names them all, once; what comes after it is a message of its own."""
    book, channel = IncidentBook.of(Warehouse(tmp_path / "warehouse")), Webhook(hook.address)
    hook.answers.append((429, {"Retry-After": "300"}))
    for number in range(12):
        book.add([Finding("quota", f"{number}", f"import:{number}", "all of them.", NOW)], now=NOW)
    book.settle(Policy(), ["webhook"], now=NOW)
    assert deliver(book, [channel], Links(), lambda: NOW)[0].sent == 0
    assert len(hook.headers) == 1
    book.end("quota", ["import:0"], now=NOW)
    later = NOW + timedelta(days=1)
    book.settle(Policy(), ["webhook"], now=later)
    for _ in range(2):
        deliver(book, [channel], Links(), lambda: later)
    (got,) = hook.got
    assert got["event"] == "summary"
    assert got["title"] == "12 messages in one: 11 incidents last"
    assert "Over: API calls nearly used up: import:0 (2026-11-22 12:00 to 2026-11-23 12:00 UTC)" in got["facts"]
    assert book.backlogs(now=later) == []
    book.add([Finding("quota", "12", "import:12", "all of them.", later)], now=later)
    book.settle(Policy(), ["webhook"], now=later)
    deliver(book, [channel], Links(), lambda: later)
    assert [each["event"] for each in hook.got] == ["summary", "opened"]


def test_a_flood_is_a_few_messages(hook: Hook, tmp_path: Path) -> None:
    """60 failures within half an hour: five messages in ten minutes at most, that name each of them once."""
    book, channel = IncidentBook.of(Warehouse(tmp_path / "warehouse")), Webhook(hook.address)
    for number in range(100):
        now = NOW + timedelta(seconds=30 * number)
        if number < 60:
            book.add([Finding("failure", f"{number}", f"streams/{number}", "OrgUnavailable.", now)], now=now)
        book.settle(Policy(), ["webhook"], now=now)
        deliver(book, [channel], Links(), lambda now=now: now)
    assert book.backlogs(now=now) == []
    singles = [each["facts"] for each in hook.got if each["event"] == "opened"]
    sums = [int(str(each["title"]).split()[0]) for each in hook.got if each["event"] == "summary"]
    assert len(singles) + sum(sums) == 60
    assert len(hook.got) < 5 * 4


def test_what_comes_after_a_summary_that_was_given_up_is_told(hook: Hook, tmp_path: Path) -> None:
    """An address that is wrong for ten days: what came in the last week is told when it is right again."""
    book, channel = IncidentBook.of(Warehouse(tmp_path / "warehouse")), Webhook(hook.address)
    hook.answers += [(404, {})] * 8
    for days in (0, 1, 8, 9):
        now = NOW + timedelta(days=days)
        for number in range(12 if days in (0, 8) else 0):
            book.add([Finding("quota", f"{days}.{number}", f"import:{days}.{number}", "all of them.", now)], now=now)
        book.settle(Policy(), ["webhook"], now=now)
        assert deliver(book, [channel], Links(), lambda now=now: now)[0].sent == 0
    hook.answers.clear()
    deliver(book, [channel], Links(), lambda: NOW + timedelta(days=10))
    (got,) = hook.got
    assert str(got["title"]).startswith("12 messages")
    assert "import:8.11" in str(got["facts"])
    assert book.backlogs(now=NOW + timedelta(days=10)) == []


def test_a_channel_that_never_ends_takes_no_other_ones_time(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that answers a byte now and then: the next one is told, the fault is said, and nobody sends it twice."""
    book = IncidentBook.of(Warehouse(tmp_path / "warehouse"))
    book.add([Finding("quota", "import:a", "import:a", "all of them.", NOW)], now=NOW)
    book.settle(Policy(), ["slack", "webhook"], now=NOW)
    ended, told = threading.Event(), list[Future[Delivered]]()
    monkeypatch.setattr(Slack, "send", lambda *_: ended.wait(60))

    def begun(work: Callable[[], Delivered]) -> Future[Delivered]:
        """As it is; the time that is waited for both begins to count when the second is told."""
        told.append(halting.begun(work))
        if len(told) == 2:
            assert not wait(told[1:], 30).not_done, "it waits for the other one"
        return told[-1]

    monkeypatch.setattr(delivering, "begun", begun)
    monkeypatch.setattr(delivering, "LONGEST", 0.05)
    try:
        channels = [Slack(hook.address), Webhook(hook.address)]
        slack, webhook = deliver(book, channels, Links(), lambda: NOW)
        assert (webhook.sent, webhook.fault) == (1, None)
        assert slack.fault == "it has begun to take one, and does not end"
        monkeypatch.setattr(delivering, "LONGEST", 30)
        again = deliver(book, channels, Links(), lambda: NOW)
        assert [(each.sent, each.fault) for each in again] == [(0, None), (0, None)]
    finally:
        ended.set()


def test_no_password_of_another_file_goes_to_a_webhook(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not from ~/.netrc, which `requests` reads; the token that was given does, and through no proxy unencrypted."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("default login ada password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    Webhook(hook.address, token="t0ken").send(message())
    Slack(hook.address).send(message())
    assert [each.get("Authorization") for each in hook.headers] == ["Bearer t0ken", None]


@pytest.mark.parametrize("status", [301, 403, 404, 410])
def test_what_will_not_go_well_is_not_repeated_at_once(
    hook: Hook, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A revoked webhook, or one that points elsewhere: one request; its address in no error, and at DEBUG in no log."""
    caplog.set_level(logging.DEBUG)
    hook.answers.append((status, {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(NotDelivered, match=f"HTTP {status}") as error:
        Slack(hook.address).send(message())
    assert len(hook.headers) == 1
    assert error.value.__cause__ is None
    assert urlsplit(hook.address).path not in caplog.text


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9/T0/secret-of-the-hook", "https://127.0.0.1:9/T0/secret-of-the-hook", "http://[secret-of-the"],
)
def test_no_error_and_no_repr_tells_the_address(address: str) -> None:
    """Not even in the traceback, which ends in the tick's log."""
    channel = Webhook(address, token="secret-of-the-token")
    with pytest.raises(NotDelivered) as error:
        channel.send(message())
    told = "".join(traceback.format_exception(error.value))
    assert "secret-of-the" not in repr(channel) + repr(error.value) + told


def test_a_mail_server_that_refuses(mailbox: Mailbox) -> None:
    """Its number is told, and neither the user's name nor its own words; who was refused alone holds nobody up."""
    mailbox.refuses["AUTH"] = "535 bot@example.com gave hunter2"
    with pytest.raises(NotDelivered, match=r"^the server refuses the login \(SMTP 535\)$"):
        email(mailbox, username="bot@example.com", password="hunter2").send(message())
    with pytest.raises(PartlyDelivered, match="refuses 1 of the recipients"):
        email(mailbox, to=("nobody@example.com", "ops@example.com")).send(message())
    with pytest.raises(NotDelivered, match="refuses every recipient") as unknown:
        email(mailbox, to=("nobody@example.com",)).send(message())
    mailbox.refuses["RCPT"] = "451 greylisted: come again"
    with pytest.raises(NotDelivered, match=r"refuses every recipient \(SMTP 451\)") as greylisted:
        email(mailbox).send(message())
    assert (unknown.value.is_passing, greylisted.value.is_passing) == (False, True)
    with pytest.raises(NotDelivered, match="offers no STARTTLS"):
        email(mailbox, security="starttls").send(message())
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://[secret-of-the",
        "https://x:secret/",
        "hooks.slack.com/secret",
        "http://hooks.slack.com/secret",
        "ftp://x/secret",
        "",
    ],
)
def test_an_address_that_is_no_use_is_refused_by_its_variable(address: str) -> None:
    """The name of the variable is told, and nothing of what it holds."""
    with pytest.raises(ChannelUnusable, match="SLACK_WEBHOOK_URL") as error:
        require_address(address, "SLACK_WEBHOOK_URL")
    assert "secret" not in str(error.value)
