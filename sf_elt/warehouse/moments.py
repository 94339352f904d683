"""Times as the warehouse keeps them."""

from datetime import UTC, datetime


def naive(at: datetime) -> datetime:
    """UTC without a time zone, of a time that knows its own."""
    return at.astimezone(UTC).replace(tzinfo=None)
