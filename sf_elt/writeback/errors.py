"""What can go wrong with an export as a whole; what goes wrong with one record is a row in `sync_log`."""


class ExportError(Exception):
    """An export cannot run."""


class ExportMisconfigured(ExportError):
    """The spec names something that the org or the profiles do not have, or that cannot be written."""


class ExportNotReady(ExportError):
    """What the export reads has not been made yet."""


class NotApproved(ExportError):
    """There is no such plan that waits for approval."""


class NoSuchSubject(ExportError):
    """Nobody, and nothing, that the export writes goes by that."""


class NothingToUndo(ExportError):
    """The run has written nothing, or cannot be undone."""


class PlanSuperseded(ExportError):
    """Another run of the same export has made a newer plan; that one goes on."""
