"""Alerts of everything that went wrong, to channels whose addresses and passwords are marked, down at first.

with receivers() as got:
    got.component()                         # the YAML of `Alerts`
    sensors = Sensors(done, got); sensors.tick(); ...; sensors.tick(); ...; tell(sensors, monkeypatch)
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import tenacity.nap

from sf_elt.alerts import notices
from sf_elt.components.alerts import watch
from sf_elt.components.alerts.alerts import FAILED_RUNS, WATCH
from sf_elt_tests.alerts.receivers import Hook, Mailbox, http_receiver, smtp_receiver

if TYPE_CHECKING:
    from sf_elt_tests.safety.flows import Done

SECRETS = {
    "slack": "markedSlackPath0T1B2",
    "webhook of alerts": "markedAlertsPath3T4B5",
    "webhook token": "marked+Bearer/Token6789",
    "smtp password": "marked-Smtp/Passw0rd+1",
    "smtp user": "marked-smtp-user",
}
_COMPONENT = """
type: sf_elt.components.Alerts
attributes:
  slack: {{webhook_env: ALERTS_SLACK}}
  webhook: {{url_env: ALERTS_WEBHOOK, token_env: ALERTS_TOKEN}}
  email:
    {{to: [ops@ops.example], sender: sf-elt@ops.example, host: 127.0.0.1, port: {port}, security: none,
     username_env: SMTP_USER, password_env: SMTP_PASSWORD}}
  settle_minutes: 0
  quota_share: 0.001
  refused_more_than: 0
  refused_times_usual: 1
"""


@dataclass
class Receivers:
    """Real servers of the channels."""

    hook: Hook
    mailbox: Mailbox

    def component(self) -> str:
        return _COMPONENT.format(port=self.mailbox.port)

    def variables(self, *, slack: str) -> dict[str, str]:
        base = self.hook.address.partition("/services")[0]
        return {
            "ALERTS_SLACK": f"{slack or base}/services/{SECRETS['slack']}",
            "ALERTS_WEBHOOK": f"{base}/hooks/{SECRETS['webhook of alerts']}",
            "ALERTS_TOKEN": SECRETS["webhook token"],
            "SMTP_USER": SECRETS["smtp user"],
            "SMTP_PASSWORD": SECRETS["smtp password"],
        }


@dataclass
class Sensors:
    """The sensors of the deployment, from before anything failed."""

    done: "Done"
    got: Receivers
    cursor: str | None = None

    def tick(self) -> None:
        """One of each; what they log and say of themselves is kept."""
        repository = self.done.deployed.definitions.get_repository_def()
        for name in (FAILED_RUNS, WATCH):
            cursor = self.cursor if name == FAILED_RUNS else None
            context = dg.build_sensor_context(self.done.deployed.instance, cursor=cursor, repository_def=repository)
            context.log.addHandler(self.done.logged)
            tick = self.done.deployed.definitions.resolve_sensor_def(name).evaluate_tick(context)
            self.done.said.append(str(tick))
            self.cursor = tick.cursor if name == FAILED_RUNS else self.cursor

    def take(self) -> set[str]:
        """The kinds of all messages that have come; what they say is kept to be searched."""
        posted, mails = self.got.hook.got, self.got.mailbox.mails
        kinds = {each["kind"] for each in posted if "kind" in each}
        self.done.said += [json.dumps(each, ensure_ascii=False) for each in posted]
        self.done.said += [f"{each['Subject']}\n{each.get_content()}" for each in mails]
        posted.clear()
        mails.clear()
        return kinds


def words_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no message sums others up, so that the words of each are searched."""
    monkeypatch.setattr(notices, "MANY", 1_000)
    monkeypatch.setattr(notices, "UNSEEN", timedelta(days=2))


@contextmanager
def receivers() -> Iterator[Receivers]:
    """On free ports."""
    with http_receiver() as hook, smtp_receiver() as mailbox:
        yield Receivers(hook, mailbox)


def tell(sensors: Sensors, monkeypatch: pytest.MonkeyPatch) -> None:
    """All channels are down, each in its way, and repeat secrets where they can; a day later they take it all."""
    got, said = sensors.got, sensors.done.said
    kinds = sensors.take()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(tenacity.nap, "time", SimpleNamespace(sleep=lambda _: None))
        for name, value in got.variables(slack="http://127.0.0.1:9").items():
            meanwhile.setenv(name, value)
        got.hook.answers += [(500, {"X-Echo": SECRETS["webhook token"]})] * 20
        got.mailbox.refuses["AUTH"] = f"535 {SECRETS['smtp user']} gave {SECRETS['smtp password']}"
        sensors.tick()
        assert (got.hook.got, got.mailbox.mails) == ([], [])
        assert "cannot be reached" in "\n".join(said)
        assert "SMTP 535" in "\n".join(said)
        got.hook.answers.clear()
        got.mailbox.refuses.clear()
        for name, value in got.variables(slack="").items():
            meanwhile.setenv(name, value)
        meanwhile.setattr(watch, "datetime", _Tomorrow)
        sensors.tick()
    assert len(got.hook.got) == 2 * len(got.mailbox.mails) > 0
    assert kinds | sensors.take() >= {"failure", "quota", "lag", "refused"}


class _Tomorrow(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + timedelta(hours=25)
