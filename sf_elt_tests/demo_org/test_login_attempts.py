"""How many logins a user has in an hour."""

from datetime import UTC, datetime, timedelta

from sf_elt.demo_org.auth.attempts import MOST_LOGINS, Attempts

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_an_hours_logins_can_be_spent() -> None:
    """A user has 3,600 logins in any hour, whatever others do; each comes back after its hour."""
    attempts = Attempts()
    moments = [NOW + timedelta(seconds=second) for second in range(MOST_LOGINS)]
    assert all(attempts.succeeded("005A", moment) for moment in moments)
    assert not attempts.succeeded("005A", moments[-1])
    assert attempts.succeeded("005B", moments[-1])
    an_hour_later = NOW + timedelta(hours=1)
    assert [attempts.succeeded("005A", an_hour_later) for _ in "12"] == [True, False]
