"""What an audience is."""

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,79}$"


class Audience(BaseModel):
    """A named group of profiles: those for which the condition is true."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=NAME,
        description="The audience's name, as Salesforce users see it: letters, digits, spaces, _ and -; at most 80.",
    )
    description: str = Field(description="Who is in this audience, in a sentence.")
    condition: str = Field(
        min_length=1,
        description="A condition in SQL over user fields, scores (frequency, recency, …), created_at and updated_at, "
        "affinity('Topic'), top_topics and in_audience('Name'). now() is the time of evaluation.",
    )
