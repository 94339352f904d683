"""Jobs that other processes can load again by name."""

import dagster as dg


def salesforce_import() -> dg.JobDefinition:
    """The project's import job."""
    from sf_elt.definitions import defs

    return defs().resolve_job_def("salesforce_import")
