"""The JWT bearer grant: what an assertion must prove before it buys a session."""

from datetime import datetime, timedelta

import jwt

from sf_elt.demo_org.auth.credentials import Credentials, same

LONGEST_LIFE = timedelta(minutes=3)
CLOCK_SKEW = timedelta(seconds=5)  # clients round `exp` to whole seconds
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")


class AssertionRefused(Exception):
    """The assertion does not hold. `description` is the error_description that Salesforce answers with."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


def check_assertion(assertion: str, credentials: Credentials, instance_url: str, now: datetime) -> None:
    """Passes when the assertion is signed with the registered key and issued for this app, user and org, for now.

    `now` is the wall clock, which the client signs by. Raises AssertionRefused.
    """
    try:
        claims = jwt.decode(
            assertion,
            credentials.public_key,
            algorithms=["RS256"],
            options={"require": ["iss", "sub", "aud", "exp"], "verify_aud": False, "verify_exp": False},
        )
    except jwt.PyJWTError as error:
        raise AssertionRefused("invalid assertion") from error
    if not same(str(claims["iss"]), credentials.client_id):
        raise AssertionRefused("invalid client credentials")
    if str(claims["aud"]).rstrip("/") not in (*LOGIN_HOSTS, instance_url):
        raise AssertionRefused("audience is invalid")
    if not same(str(claims["sub"]).casefold(), credentials.username.casefold()):
        raise AssertionRefused("user hasn't approved this consumer")
    _check_expiry(claims["exp"], now)


def _check_expiry(claim: object, now: datetime) -> None:
    """`exp` may be a number or, as simple-salesforce sends it, a number in a string."""
    try:
        expires_in = timedelta(seconds=float(str(claim)) - now.timestamp())
    except (ValueError, OverflowError) as error:
        raise AssertionRefused("invalid assertion") from error
    if expires_in <= -CLOCK_SKEW or expires_in > LONGEST_LIFE + CLOCK_SKEW:
        raise AssertionRefused("expired authorization code")
