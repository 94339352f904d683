"""What can go wrong between the org and a stream. The tree is drawn in `sf_elt.streams`."""


class StreamError(Exception):
    """Anything that goes wrong with a stream itself."""


class SpecRefused(StreamError):
    """What was asked for cannot be read like that: the timestamp field, the window, the names."""


class Shortfall(StreamError):
    """Fewer or more rows arrived than the org reported; nothing was moved."""


class LandingUnreadable(StreamError):
    """What the org sent cannot be read as the columns it describes; nothing was moved."""


class EventsUnreadable(StreamError):
    """The event files cannot be found or opened."""


class ManyVanished(StreamError):
    """More records are gone from the org than deletions explain; nothing was marked."""
