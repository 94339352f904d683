"""Times and lengths of time for people."""

from datetime import datetime, timedelta


def length(time: timedelta) -> str:
    """A length of time in one unit that suits it."""
    seconds = time.total_seconds()
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36 * 3600 else f"{seconds / 86400:.1f} days"


def moment(at: datetime | None) -> str:
    """To the minute, in UTC; empty for none."""
    return f"{minute(at)} UTC" if at else ""


def minute(at: datetime | None) -> str:
    """The same under a heading that says UTC."""
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
