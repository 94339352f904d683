"""When an export runs by itself, besides after new data: a schedule."""

import dagster as dg
from pydantic import BaseModel, Field, field_validator

from sf_elt.components.attributes import attribute_error
from sf_elt.components.frequency import (
    NotTogether,
    Timetable,
    checked_day,
    checked_optional_frequency,
    checked_time_of_day,
    checked_time_zone,
    require_use,
    timetable,
)
from sf_elt.components.imports.salesforce_import import TimeOfDay

DOES = "Writes what has changed; what waited for API calls goes on."


class RunsAtTimes(BaseModel):
    """The attributes of a schedule."""

    frequency: str | None = Field(
        default=None,
        description="How often a schedule runs it: '5 minutes' to '12 hours', hourly, daily, weekly, or cron. "
        "Default: it has none.",
    )
    time_of_day: TimeOfDay | None = Field(
        default=None, description="When what is daily or weekly runs, as in '07:30'. Default: midnight."
    )
    day_of_week: str | None = Field(
        default=None, description="On which day runs what is weekly: monday to sunday. Default: monday."
    )
    time_zone: str = Field(
        default="UTC", description="Time zone of time_of_day and of a cron expression: Europe/Berlin, America/New_York."
    )

    _check_frequency = field_validator("frequency")(checked_optional_frequency)
    _check_time_of_day = field_validator("time_of_day", mode="before")(checked_time_of_day)
    _check_day_of_week = field_validator("day_of_week")(checked_day)
    _check_time_zone = field_validator("time_zone")(checked_time_zone)

    def timetable(self, context: dg.ComponentLoadContext) -> Timetable | None:
        """When the schedule runs; None without one. Raises ComponentAttributeError for a time that has no use."""
        if self.frequency is None:
            if unused := [name for name in ("time_of_day", "day_of_week") if getattr(self, name) is not None]:
                raise attribute_error(context, unused[:1], f"{unused[0]} goes with frequency, and there is none")
            return None
        try:
            require_use([self.frequency], time_of_day=self.time_of_day, day_of_week=self.day_of_week)
        except NotTogether as error:
            raise attribute_error(context, [error.attribute], str(error)) from None
        return timetable(
            self.frequency, time_of_day=self.time_of_day, day_of_week=self.day_of_week, time_zone=self.time_zone
        )
