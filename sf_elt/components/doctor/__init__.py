"""The whole installation looked at: `sf-elt doctor`. Each finding says what, where, and what to do next.

diagnosis    all of it, in the order in which things have to work
program      Python and packages
settings     .env, DAGSTER_HOME and dagster.yaml
variables    environment variables that hold what is not accepted
data         the warehouse's folder: who can enter, room, locks, what is left over
logins       how connections log in, and whether what is kept of that can be opened
running      Dagster's daemon, schedules, last runs
work         exports that wait, API calls, records that were refused
messages     alerts that a channel has not taken
"""

from sf_elt.components.doctor.diagnosis import Diagnosis, diagnose
from sf_elt.components.doctor.variables import usable_warehouse

__all__ = ["Diagnosis", "diagnose", "usable_warehouse"]
