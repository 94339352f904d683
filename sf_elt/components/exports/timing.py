"""When an export runs by itself, besides after new data: a schedule."""

import dagster as dg
from pydantic import Field, field_validator

from sf_elt.components.attributes import attribute_error
from sf_elt.components.frequency import (
    NotTogether,
    Timetable,
    checked_optional_frequency,
    require_use,
    timetable,
)
from sf_elt.components.times import Times

DOES = "Writes what has changed; what waited for API calls goes on."


class RunsAtTimes(Times):
    """The attributes of a schedule."""

    frequency: str | None = Field(
        default=None,
        description="How often a schedule runs it: '5 minutes' to '12 hours', hourly, daily, weekly, or cron. "
        "Default: it has none.",
    )

    _check_frequency = field_validator("frequency")(checked_optional_frequency)

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
