"""Jobs that other processes can load again by name."""

from functools import cache

import dagster as dg


def salesforce_import() -> dg.JobDefinition:
    """The project's import job."""
    return _project().resolve_job_def("salesforce_import")


@cache
def _project() -> dg.Definitions:
    """Loaded once a process, though Dagster asks for the job several times."""
    from sf_elt.definitions import defs

    return defs()
