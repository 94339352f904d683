"""Why an org does not let the integration user in, and what an administrator does about it."""

import re
from datetime import timedelta

from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.errors import AuthenticationFailed, SalesforceError

CLOCKS_DIFFER = timedelta(minutes=1)  # from here on a clock is told of, where a login goes by it

_SHORTEST_SECRET = 4  # characters; shorter ones are in words that mean something else

_VARIABLE = re.compile(
    r"(?<![A-Z0-9_])SALESFORCE_(?=(?:INSTANCE_URL|LOGIN_URL|USERNAME|PASSWORD|SECURITY_TOKEN|CONSUMER_KEY"
    r"|CONSUMER_SECRET|PRIVATE_KEY_FILE|ACCESS_TOKEN|API_VERSION|CALLBACK_URL)\b)"
)

_LATER_VERSIONS = (
    "Leave SALESFORCE_API_VERSION out, or set it to 64.0 or lower: later versions have no SOAP login(). Other ways to "
    "log in take every version that the org offers: docs/connecting.md."
)
_UNLOCK = "The user is locked out after wrong passwords: Setup › Users › the user › Unlock, or wait 15 minutes."

# What an error says, in lower case → what to do. The first that fits counts. (Salesforce Help, "OAuth 2.0 Error Codes",
# "Monitor Login History"; SOAP API Developer Guide, "ExceptionCode".)
_ADVICE = (
    (
        "certificate is not yet valid",
        "Look at this machine's clock first: certificates are good from one day to another. Let it keep time by NTP.",
    ),
    (
        "this machine's clock",
        "Let this machine keep its time by NTP: what a private key signs is good for two minutes.",
    ),
    ("this says nothing of the password", "Try again in some minutes; status.salesforce.com tells of maintenance."),
    (
        "refuses the session it has just opened",
        "Let the network keep one address while it is logged in, or clear Setup › Session Settings › Lock sessions to "
        "the IP address from which they originated.",
    ),
    (
        "no trusted connection",
        "Where a proxy opens TLS: let REQUESTS_CA_BUNDLE name the file of its certificate, in the environment or in "
        ".env. Else look at the address.",
    ),
    ("is not an address like https", "Correct the variable: docs/connecting.md lists them."),
    ("has a user or a password in it", "Correct the variable: docs/connecting.md lists them."),
    ("is no version of the api", "Correct SALESFORCE_API_VERSION, or leave it out."),
    ("would send credentials unencrypted", "Begin the address with https://."),
    (
        "a character that no token has",
        "Set SALESFORCE_ACCESS_TOKEN to the token alone, without quotes, spaces or line ends.",
    ),
    (
        "no complete login was given",
        "Sign the connection in by `sf-elt login`, or set the variables of one way to log in: see docs/connecting.md.",
    ),
    (
        "was signed in at",
        "Sign in again; or put the address back as it was: `org` in the connection's YAML, or SALESFORCE_LOGIN_URL in "
        ".env, which goes first.",
    ),
    (
        "private key",
        "Let --key, or SALESFORCE_PRIVATE_KEY_FILE, name the private key's PEM file (NAME.key, and not the certificate "
        "NAME.crt), readable for whoever runs this.",
    ),
    (
        "expired_password",
        "Set a new password for the user: Setup › Users › Reset Password. An integration user is better given a "
        "permission set with System Permissions › Password Never Expires.",
    ),
    (
        "ip restricted",
        "This machine's address is not one that the user may log in from: Setup › Profiles › the user's profile › "
        "Login IP Ranges, or Login Hours. Or let the app pass them by: External Client App Manager › the app › "
        "Policies › IP Relaxation.",
    ),
    (
        "restricted_domain",
        "This machine's address is not one that the user may log in from: Setup › Profiles › the user's profile › "
        "Login IP Ranges.",
    ),
    ("restricted_time", "The user may not log in at this hour: Setup › Profiles › the user's profile › Login Hours."),
    (
        "login_must_use_security_token",
        "Set SALESFORCE_SECURITY_TOKEN: the user's Settings › Reset My Security Token sends a new one. Or trust this "
        "network: Setup › Network Access.",
    ),
    (
        "user hasn't approved this consumer",
        "Pre-authorize the user: Setup › External Client App Manager › the app › Policies › Permitted Users: Admin "
        "approved users are pre-authorized, and select the user's permission set. The same is said of a user name that "
        "nobody has.",
    ),
    (
        "no client credentials user",
        "Say whom the app acts as: Setup › External Client App Manager › the app › Policies › Client Credentials Flow: "
        "Run As.",
    ),
    (
        "redirect_uri",
        "Set the callback URL of the app to the letter to the one that is named above: Setup › External Client App "
        "Manager › the app › Settings › OAuth Settings. Or set SALESFORCE_CALLBACK_URL to the one that is there.",
    ),
    (
        "not installed in this org",
        "Install the app in this org, or make one there: Setup › External Client App Manager. A sandbox that is older "
        "than the app does not have it.",
    ),
    (
        "app_access_denied",
        "Select the user's permission set: Setup › External Client App Manager › the app › Policies. An app that is "
        "not installed needs System Permissions › Approve Uninstalled Connected Apps.",
    ),
    (
        "access_denied",
        "Run it again and choose Allow, or log in there as the user that is meant.",
    ),
    ("app_blocked", "Unblock the app: Setup › Connected Apps OAuth Usage › the app › Unblock."),
    (
        "invalid_scope",
        "Select the scopes api and refresh_token: Setup › External Client App Manager › the app › Settings › OAuth "
        "Settings.",
    ),
    (
        "no refresh token",
        "Select the scope Perform requests at any time (refresh_token, offline_access), and let refresh tokens be "
        "valid until revoked: Setup › External Client App Manager › the app › Settings, and Policies.",
    ),
    (
        "not admin approved",
        "Select the user's permission set: Setup › External Client App Manager › the app › Policies.",
    ),
    (
        "invalid_client",
        "The consumer key, or the consumer secret, is not that of the app: Setup › External Client App Manager › the "
        "app › Settings › OAuth Settings. A new app can take ten minutes to work.",
    ),
    (
        "client identifier invalid",
        "The consumer key is not that of an app of this org: Setup › External Client App Manager › the app › Settings. "
        "A new app can take ten minutes to work.",
    ),
    (
        "invalid assertion",
        "The private key does not belong to the certificate of the app: upload the certificate again, in Setup › "
        "External Client App Manager › the app › Settings › JWT Bearer Flow.",
    ),
    (
        "audience",
        "Correct the connection's `org` in its YAML (production, sandbox, or the My Domain), or SALESFORCE_LOGIN_URL.",
    ),
    (
        "invalid_login",
        "Setup › Login History of the user says why Salesforce refused it: inactive users are, and locked ones, for "
        "whom Setup › Users has Unlock.",
    ),
    (
        "invalid api version",
        _LATER_VERSIONS,
    ),
    ("soap login operation is not available", _LATER_VERSIONS),
    ("inactive", "Activate the user: Setup › Users › the user › Edit: Active."),
    ("lockout", _UNLOCK),
    ("locked out", _UNLOCK),
    (
        "not supported on this domain",
        "Let the connection log in at the org's My Domain: `org: https://NAME.my.salesforce.com` in its YAML, or "
        "SALESFORCE_LOGIN_URL in .env.",
    ),
    (
        "soap api login() is disabled",
        "Log in by JWT bearer (docs/connecting.md); or allow SOAP login(): Setup › User Interface.",
    ),
    (
        "api_disabled_for_org",
        "Grant System Permissions › API Enabled, in a permission set of the integration user; orgs of the "
        "Professional Edition buy API access.",
    ),
    (
        "invalid_session_id",
        "The session of SALESFORCE_ACCESS_TOKEN has ended. Give a login that can open new ones: docs/connecting.md.",
    ),
    (
        "authentication failure",
        "Setup › Login History of the user says why Salesforce refused it.",
    ),
)


# Codes that say nothing of the credentials, by SOAP and OAuth (unknown_error is "retry your request") → their status.
_PASSING = {
    "SERVER_UNAVAILABLE": 503,
    "API_CURRENTLY_DISABLED": 503,
    "UNKNOWN_EXCEPTION": 500,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "unknown_error": 503,
    "temporarily_unavailable": 503,
}
_CODE = re.compile(rb'(?:exceptionCode>(?:\w+:)?|"error"\s*:\s*")(\w+)')

_CHECK_CREDENTIALS = (
    "Check the user name, the password with its security token, and whether this is the right login address "
    "(sandboxes use https://test.salesforce.com)."
)
_KNOWN_ELSEWHERE = "authentication failure|hasn't approved|identifier invalid|app_not_found|not installed|audience"
_CHECK_ADDRESS = (
    "Is this the right login address? Users and apps of a sandbox are known at https://test.salesforce.com alone, "
    "those of production at https://login.salesforce.com, and both at their My Domain."
)
_REFUSES_EVERYTHING = (
    "This says nothing of the password, since a login needs no session: the org, or something before it, refuses every "
    "request now. Try again in some minutes."
)


def refusal(
    login: Login, said: str, code: str | None, clock_differs: timedelta | None, *sent: str
) -> AuthenticationFailed:
    """The error for a login that the org refused with these words. `clock_differs`: how far its clock is ahead.

    Where the words repeat a secret of the login, or what else was `sent`, the error does not. Raise it from None: the
    client's own error has the words as they came.
    """
    said = _unrepeated(said, login.password, login.security_token, login.consumer_secret, *sent)
    who = f"the login of {login.username}" if login.username else "the login"
    told = f"{login.login_url} does not accept {who}: {said.rstrip('.')}. {_cure(login, said, clock_differs)}".rstrip()
    return AuthenticationFailed(told, code=code)


def passing(reply: bytes) -> tuple[str, int] | None:
    """The code of a refused login that has nothing to do with who logs in, and its status; None for any other."""
    found = _CODE.search(reply)
    code = found[1].decode() if found is not None else ""
    return (code, _PASSING[code]) if code in _PASSING else None


def what_to_do(error: SalesforceError) -> str:
    """What to do about a refused login, or a refused session; empty where nothing is known about the error."""
    said = f"{error} {error.code or ''}".lower()
    return next((advice for words, advice in _ADVICE if words in said), "")


def with_advice(error: SalesforceError, prefix: str = "SALESFORCE_") -> str:
    """What an error says, and below it what to do, with the names that the connection's variables have."""
    return by_names_of(prefix, "\n".join(filter(None, [str(error), what_to_do(error)])))


def by_names_of(prefix: str, said: str) -> str:
    """The words with a connection's own names in place of SALESFORCE_PASSWORD, …; what has them already stays."""
    return _VARIABLE.sub(prefix, said)


def _unrepeated(said: str, *secrets: str | None) -> str:
    for secret in sorted((each for each in secrets if each and len(each) >= _SHORTEST_SECRET), key=len, reverse=True):
        said = said.replace(secret, "…")
    return said


def _cure(login: Login, said: str, clock_differs: timedelta | None) -> str:
    """What is known of the reason."""
    if "api version" in said.lower():
        return f"The version asked for is {login.api_version}."
    if re.search("INVALID_SESSION_ID|session expired", said, re.IGNORECASE):
        return _REFUSES_EVERYTHING
    way = login.way_in(new_session=True)
    if way == "JWT key" and clock_differs is not None and abs(clock_differs) > CLOCKS_DIFFER:
        where = "behind" if clock_differs > timedelta() else "ahead of"
        return f"This machine's clock is {abs(clock_differs).total_seconds():,.0f} s {where} the org's."
    if way in ("password", "OAuth password"):
        return _CHECK_CREDENTIALS
    return _CHECK_ADDRESS if re.search(_KNOWN_ELSEWHERE, said, re.IGNORECASE) else ""
