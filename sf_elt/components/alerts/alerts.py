"""Component Alerts: one message about each incident, to Slack, by email, or to a webhook."""

from datetime import timedelta
from typing import Annotated

import dagster as dg
from pydantic import Field, field_validator

from sf_elt.alerts import Links, Policy
from sf_elt.components.alerts.channels import EmailChannel, SlackChannel, WebhookChannel
from sf_elt.components.alerts.watch import look, on_failed_run
from sf_elt.components.attributes import Attributes, attribute_error, require_known
from sf_elt.components.deployment import Deployment
from sf_elt.components.imports.salesforce_import import known_streams
from sf_elt.components.scaffold import Example

Hours = Annotated[float, Field(gt=0, le=24 * 366)]

WATCH, FAILED_RUNS = "alerts", "alerts_on_failed_runs"
"""The sensors."""


@dg.scaffold_with(Example)
class Alerts(dg.Component, Attributes):
    """Tells people of failed runs, API calls that are nearly used up, lags, refused records, and what waits for them.

    One message for each incident, and one when it is over. Secrets come from environment variables that are named here.
    """

    slack: SlackChannel | None = Field(default=None, description="An incoming webhook of Slack. Default: none.")
    email: EmailChannel | None = Field(default=None, description="Mail through an SMTP server. Default: none.")
    webhook: WebhookChannel | None = Field(default=None, description="An address that takes JSON. Default: none.")
    failures: bool = Field(default=True, description="Whether failed runs are told. A run that pauses is none.")
    checks: bool = Field(
        default=True,
        description="Whether failed asset checks are told, of severity ERROR; an export that rests is one.",
    )
    approvals: bool = Field(default=True, description="Whether plans of exports are told that wait for approval.")
    ticks: bool = Field(default=True, description="Whether schedules and sensors are told whose ticks fail.")
    stuck_hours: Hours | None = Field(
        default=6.0,
        description="A queue of runs that does not move for so long, or a run that says nothing. null: never told.",
    )
    warehouse_hours: Hours | None = Field(
        default=3.0,
        description="For how long the warehouse may be held by others, so that alerts cannot read it. null: any.",
    )
    quota_share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=0.8,
        description="From which share on API calls are nearly used up: of max_daily_api_calls, and of the org's own. "
        "null: never told.",
    )
    lag_hours: Hours | None = Field(
        default=3.0,
        description="A stream lags that has not been read for longer, if lag_ticks says so too. null: never.",
    )
    lag_ticks: int = Field(
        default=2, ge=1, le=1000, description="And that its schedule has missed so often, each an hour ago at least."
    )
    lag_hours_by_stream: dict[str, Hours] = Field(
        default_factory=dict, description="Stream → hours that count for it alone, also without a schedule."
    )
    refused_more_than: int | None = Field(
        default=20, ge=0, description="A run refuses more records than usual from here on, if … null: never told."
    )
    refused_times_usual: float = Field(
        default=2.0, ge=1, description="… it is also so many times the median of the runs of the 7 days before."
    )
    settle_minutes: int = Field(
        default=15, ge=0, le=7 * 24 * 60, description="An incident is over when it has been over for so long."
    )
    tell_when_over: bool = Field(default=True, description="Whether a message says that an incident is over.")
    remind_hours: Hours | None = Field(
        default=None, description="After how long an incident that lasts is told again. Default: never."
    )
    interval_seconds: int = Field(default=60, ge=10, le=3600, description="How often the sensors look.")
    ui: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Where people reach Dagster's web UI, for links to runs. Default: no links.",
    )
    docs: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Where people reach these pages of documentation, for links. Default: no links.",
    )

    @field_validator("ui", "docs")
    @classmethod
    def _without_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Two sensors: one of failed runs, one of everything else, which also sends what is queued."""
        if len(context.component_tree.get_all_components(Alerts)) > 1:
            raise attribute_error(context, [], "there is more than one Alerts: put all channels into one")
        if not self.channels():
            raise attribute_error(context, [], "Alerts needs a channel at least: slack, email or webhook")
        for stream in self.lag_hours_by_stream:
            require_known(context, ["lag_hours_by_stream", stream], "stream", stream, known_streams(context))
        tree = context.component_tree

        def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
            return look(self, Deployment.of(tree), context)

        sensors = [
            dg.SensorDefinition(
                name=WATCH,
                evaluation_fn=watch,
                minimum_interval_seconds=self.interval_seconds,
                default_status=dg.DefaultSensorStatus.RUNNING,
                description="Looks at API calls, lags, refused records, checks and what waits; sends what is queued: "
                f"{', '.join(self.channels())}.",
            )
        ]
        if self.failures:

            @dg.run_failure_sensor(
                name=FAILED_RUNS,
                minimum_interval_seconds=min(30, self.interval_seconds),
                default_status=dg.DefaultSensorStatus.RUNNING,
                description="Tells of failed runs: one message until what failed is made again.",
            )
            def failed(context: dg.RunFailureSensorContext) -> None:
                on_failed_run(self, context)

            sensors.append(failed)
        return dg.Definitions(sensors=sensors)

    def channels(self) -> dict[str, SlackChannel | WebhookChannel | EmailChannel]:
        """The channels that the YAML names, by name."""
        named = {"slack": self.slack, "email": self.email, "webhook": self.webhook}
        return {name: each for name, each in named.items() if each is not None}

    def policy(self) -> Policy:
        """When incidents are over, and what is told besides their beginning."""
        remind = None if self.remind_hours is None else timedelta(hours=self.remind_hours)
        return Policy(timedelta(minutes=self.settle_minutes), remind, self.tell_when_over)

    def links(self) -> Links:
        """Where messages lead."""
        return Links(self.ui, self.docs)
