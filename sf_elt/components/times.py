"""The attributes that say when a schedule runs, besides how often."""

from typing import Annotated

import dagster as dg
from pydantic import BaseModel, Field, field_validator

from sf_elt.components.attributes import as_written
from sf_elt.components.frequency import checked_day, checked_time_of_day, checked_time_zone

TimeOfDay = Annotated[str, dg.Resolver(as_written, model_field_type=str | int)]


class Times(BaseModel):
    """A time of day, a weekday and a time zone."""

    time_of_day: TimeOfDay | None = Field(
        default=None, description="When what is daily or weekly runs, as in '07:30'. Default: midnight."
    )
    day_of_week: str | None = Field(
        default=None, description="On which day runs what is weekly: monday to sunday. Default: monday."
    )
    time_zone: str = Field(
        default="UTC", description="Time zone of time_of_day and of a cron expression: Europe/Berlin, America/New_York."
    )

    _check_time_of_day = field_validator("time_of_day", mode="before")(checked_time_of_day)
    _check_day_of_week = field_validator("day_of_week")(checked_day)
    _check_time_zone = field_validator("time_zone")(checked_time_zone)
