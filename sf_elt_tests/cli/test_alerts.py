"""`sf-elt alerts`: a real test message, and the incidents that there are."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sf_elt.alerts import ChannelUnusable, Finding, IncidentBook, Links, Policy, Webhook, deliver
from sf_elt.cli import app
from sf_elt.components import Alerts
from sf_elt.components.alerts.channels import WebhookChannel
from sf_elt.components.doctor.messages import about_messages
from sf_elt.components.resources import open_warehouse
from sf_elt_tests.alerts.receivers import Hook, http_receiver


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """A deployment whose alerts go to a webhook and to a mail server that nobody has switched on."""
    email = {"to": ["ops@example.com"], "sender": "sf-elt@example.com", "host": "127.0.0.1", "port": 9}
    alerts = Alerts.model_validate({"webhook": {"url_env": "HOOK"}, "email": {**email, "security": "none"}})
    monkeypatch.setattr(sys.modules["sf_elt.cli.alerts"], "_component", lambda command: alerts)
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    with http_receiver() as hook:
        monkeypatch.setenv("HOOK", hook.address)
        yield hook


def test_each_channel_is_tried(hook: Hook) -> None:
    """One that works, one that is down: both are said, and the status is that of the worse."""
    result = _run("test")
    assert result.exit_code == 1
    refused = "✗ email: it cannot be reached (ConnectionRefusedError)"
    assert result.stderr.splitlines() == [refused, "✓ webhook: sent"]
    (got,) = hook.got
    assert (got["kind"], got["title"]) == ("test", "Test: alerts of sf_elt reach you here")
    assert _run("test", "webhook").exit_code == 0


def test_what_cannot_be_tried_says_why(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that there is none of, with those that there are; a variable that is not set."""
    result = _run("test", "web_hook")
    assert (result.exit_code, "did you mean 'webhook'? Accepted: email, webhook." in result.stderr) == (1, True)
    monkeypatch.delenv("HOOK")
    result = _run("test", "webhook")
    assert (result.exit_code, result.stderr) == (1, "✗ webhook: the environment variable HOOK is not set\n")
    with pytest.raises(ChannelUnusable, match="variable TOKEN is not set: set it, or take token_env out of the YAML"):
        WebhookChannel(url_env="HOOK", token_env="TOKEN").channel({"HOOK": hook.address})


def test_a_deployment_without_alerts_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the page."""
    nothing = SimpleNamespace(get_all_components=lambda kind: [])
    monkeypatch.setattr("sf_elt.components.deployment.load_tree", lambda: nothing)
    result = _run("test")
    assert (result.exit_code, "docs/alerts.md" in result.stderr) == (1, True), result.output


def test_incidents_are_listed(hook: Hook) -> None:
    """For people and for programs; nothing is sent by that, and nothing made."""
    assert json.loads(_run("list", "--json").stdout) == []
    assert not open_warehouse().root.exists()
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    failed = Finding("failure", "run", "streams/salesforce_leads", "OrgUnavailable.", now, "run", "run")
    IncidentBook.of(open_warehouse()).add([failed], now=now)
    (incident,) = json.loads(_run("list", "--json").stdout)
    assert (incident["kind"], incident["since"], incident["times"]) == ("failure", "2026-11-22T12:00+00:00", 1)
    IncidentBook.of(open_warehouse()).add([Finding("lag", f"{i}", f"lag {i}", "", now) for i in range(60)], now=now)
    listed = _run("list")
    assert "2026-11-22 12:00" in listed.stdout
    assert "streams/salesforce_leads: OrgUnavailable." in listed.stdout
    assert len(listed.stdout.splitlines()) == 2 + 61
    assert listed.stderr == ""
    assert hook.got == []


def test_what_a_channel_has_not_taken_is_shown(hook: Hook) -> None:
    """Beside the incidents, and by the doctor, with the command that says why."""
    now, warehouse = datetime.now(UTC), open_warehouse()
    assert list(about_messages(warehouse, now)) == []
    book = IncidentBook.of(warehouse)
    book.add([Finding("failure", "run", "streams/salesforce_leads", "OrgUnavailable.", now, "run", "run")], now=now)
    book.settle(Policy(), ["webhook"], now=now)
    hook.answers.append((410, {}))
    deliver(book, [Webhook(hook.address)], Links(), lambda: now)
    (found,) = about_messages(warehouse, now)
    assert found.says.endswith("1 of them refused (it answers HTTP 410)")
    assert found.grant == "sf-elt alerts test webhook says why."
    assert f"webhook: {found.says}" in _run("list").stderr


def _run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["alerts", *arguments])
