"""How a deployment stands, for `sf-elt status` and `sf-elt doctor`: nothing is changed, and nobody is kept waiting.

reading      all of it at one moment
quotas       API calls: what imports and exports have used, what they and the org have left
instance     Dagster's own storage, where there is one
runs         the last runs, and why one failed
timetable    schedules and sensors: on or off, and when they run next; Dagster's daemon
"""

from sf_elt.components.status.reading import Status, read_status

__all__ = ["Status", "read_status"]
