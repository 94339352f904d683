"""The JWT bearer grant: what an assertion must prove before it buys a session."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt

LONGEST_LIFE = timedelta(minutes=3)
CLOCK_SKEW = timedelta(seconds=5)  # clients round `exp`, `nbf` and `iat` to whole seconds
MILLISECONDS_FROM = 100_000_000_000  # as seconds that would be the year 5138


class AssertionRefused(Exception):
    """The assertion does not hold. `description` is the error_description that Salesforce answers with."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


@dataclass(frozen=True)
class Assertion:
    """An assertion as it was sent. Nothing of it is believed before `check`."""

    text: str = field(repr=False)
    issuer: str

    def check(self, certificate: str, audiences: Collection[str], now: datetime) -> str:
        """The username it speaks for: signed with that key (PEM), meant for one of these, and for now.

        `now` is the wall clock, which the client signs by. Raises AssertionRefused.
        """
        try:
            claims = jwt.decode(
                self.text,
                certificate,
                algorithms=["RS256"],
                leeway=CLOCK_SKEW,
                options={"require": ["iss", "sub", "aud", "exp"], "verify_aud": False, "verify_exp": False},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise AssertionRefused("invalid assertion") from error
        if _audiences_of(claims).isdisjoint(audiences):
            raise AssertionRefused("audience is invalid")
        _check_expiry(claims["exp"], now)
        return str(claims["sub"])


def read_assertion(text: str) -> Assertion:
    """Who an assertion says it is from. Raises AssertionRefused for what is none."""
    try:
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise AssertionRefused("invalid assertion") from error
    return Assertion(text, str(claims.get("iss", "")))


def _audiences_of(claims: Mapping[str, object]) -> set[str]:
    """One audience or a list of them; the token endpoint stands for its host."""
    given = claims["aud"]
    each = given if isinstance(given, list) else [given]
    return {str(audience).removesuffix("/services/oauth2/token").rstrip("/") for audience in each}


def _check_expiry(claim: object, now: datetime) -> None:
    """`exp` may be a number or, as simple-salesforce sends it, a number in a string.

    The Salesforce CLI gives milliseconds where the standard wants seconds, and orgs let it in.
    """
    try:
        ends_at = float(str(claim))
        expires_in = timedelta(seconds=(ends_at / 1000 if ends_at > MILLISECONDS_FROM else ends_at) - now.timestamp())
    except (ValueError, OverflowError) as error:
        raise AssertionRefused("invalid assertion") from error
    if expires_in <= -CLOCK_SKEW or expires_in > LONGEST_LIFE + CLOCK_SKEW:
        raise AssertionRefused("expired authorization code")
