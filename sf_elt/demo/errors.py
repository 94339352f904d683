"""What can go wrong with the demonstration; the tree is in the room's docstring."""


class DemoError(Exception):
    """The demonstration cannot go on; the message says why."""


class FolderRefused(DemoError):
    """The folder holds something that the demo did not make, and is left alone."""


class ClaimFailed(DemoError):
    """Something that the demo says of itself did not hold."""
