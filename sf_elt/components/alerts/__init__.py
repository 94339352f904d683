"""`Alerts`: messages about what is wrong, by Dagster's own sensors.

alerts        the component
channels      where messages go, as the YAML names it
failed_runs   the sensor of failed runs, and when a failure is over
watch         the sensor of everything else, which also sends what is queued
failed_checks, failed_ticks, stuck_runs, read_lately
              what it knows of Dagster's storage
"""
