"""Addresses as the record of calls keeps them: without secrets, and grouped by what they are addresses of."""

import re
from urllib.parse import parse_qsl, quote_plus

from sf_elt.demo_org.ids import normalise

HIDDEN = "…"
_SECRETS = frozenset(
    ("sid", "session_id", "oauth_token", "access_token", "refresh_token", "token", "assertion", "code", "code_verifier",
     "client_secret", "password", "pw", "otp")
)  # fmt: skip
_SHOWN_OF_OAUTH = frozenset(
    ("grant_type", "response_type", "client_id", "redirect_uri", "scope", "display", "prompt", "format",
     "code_challenge_method")
)  # fmt: skip
_VERSION = re.compile(r"^v?\d+\.\d$")
_LOCATOR = re.compile(r"^01g[\w-]*-\d+$")
_IS_ID = re.compile(r"^(?=.{0,4}\d)[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$")
_UNDER_AN_OBJECT = frozenset(
    ("describe", "updated", "deleted", "listviews", "quickActions", "layouts", "approvalLayouts")
)


def without_secrets(path: str, query_string: str) -> str:
    """The query string with the values of tokens, codes and passwords hidden; of OAuth requests all but known names."""
    oauth = path.startswith("/services/oauth2")
    given = parse_qsl(query_string, keep_blank_values=True)
    if not any(_is_secret(name, oauth=oauth) for name, _ in given):
        return query_string
    return "&".join(
        f"{quote_plus(name)}={HIDDEN if _is_secret(name, oauth=oauth) else quote_plus(value)}" for name, value in given
    )


def pattern_of(path: str) -> str:
    """`/services/data/v62.0/sobjects/Lead/00Q…` is a `/services/data/{version}/sobjects/Lead/{id}`."""
    parts = [_generic(part) for part in path.rstrip("/").split("/")]
    if len(parts) == 8 and parts[4] == "sobjects" and parts[6] != "{id}" and parts[6] not in _UNDER_AN_OBJECT:
        parts[7] = "{value}"  # a record by its external id
    return "/".join(parts)


def _is_secret(name: str, *, oauth: bool) -> bool:
    return name not in _SHOWN_OF_OAUTH if oauth else name.lower() in _SECRETS


def _generic(part: str) -> str:
    if _VERSION.match(part):
        return "{version}"
    if _LOCATOR.match(part):
        return "{locator}"
    return "{id}" if _IS_ID.match(part) and normalise(part) else part
