"""Why an org does not let the integration user in, and what an administrator does about it."""

from sf_elt.salesforce.errors import SalesforceError

_UNLOCK = "The user is locked out after wrong passwords: Setup › Users › the user › Unlock, or wait 15 minutes."

# What an error says, in lower case → what to do. The first that fits counts. (Salesforce Help, "OAuth 2.0 Error Codes",
# "Monitor Login History"; SOAP API Developer Guide, "ExceptionCode".)
_ADVICE = (
    ("this says nothing of the password", "Try again in some minutes; status.salesforce.com tells of maintenance."),
    (
        "refuses the session it has just opened",
        "Let the network keep one address while it is logged in, or clear Setup › Session Settings › Lock sessions to "
        "the IP address from which they originated.",
    ),
    ("is not an address like https", "Correct the variable: docs/connecting.md lists them."),
    ("is no version of the api", "Correct API_VERSION, or leave it out."),
    ("would send credentials unencrypted", "Begin the address with https://."),
    ("a character that no token has", "Set ACCESS_TOKEN to the token alone, without quotes, spaces or line ends."),
    ("no complete login was given", "Set the variables of one way to log in: docs/connecting.md lists them."),
    ("private key", "Let PRIVATE_KEY_FILE name the key's PEM file, readable for whoever runs this."),
    (
        "expired_password",
        "Set a new password for the user: Setup › Users › Reset Password. An integration user is better given a "
        "permission set with System Permissions › Password Never Expires.",
    ),
    (
        "login_must_use_security_token",
        "Set SECURITY_TOKEN: the user's Settings › Reset My Security Token sends a new one. Or trust this network: "
        "Setup › Network Access.",
    ),
    (
        "user hasn't approved this consumer",
        "Pre-authorize the user: Setup › External Client App Manager › the app › Policies › Permitted Users: Admin "
        "approved users are pre-authorized, and select the user's permission set.",
    ),
    (
        "not admin approved",
        "Select the user's permission set: Setup › External Client App Manager › the app › Policies.",
    ),
    (
        "invalid_client",
        "CONSUMER_KEY, or CONSUMER_SECRET, is not that of the app: Setup › External Client App Manager › the app › "
        "Settings › OAuth Settings. A new app can take ten minutes to work.",
    ),
    (
        "client identifier invalid",
        "CONSUMER_KEY is not that of an app of this org: Setup › External Client App Manager › the app › Settings. A "
        "new app can take ten minutes to work.",
    ),
    (
        "invalid assertion",
        "The private key does not belong to the certificate of the app: upload the certificate again, in Setup › "
        "External Client App Manager › the app › Settings › JWT Bearer Flow.",
    ),
    ("audience", "Set LOGIN_URL to https://login.salesforce.com, or https://test.salesforce.com for a sandbox."),
    (
        "invalid_login",
        "Check user name, password and security token, and that a sandbox logs in at https://test.salesforce.com. "
        "Setup › Login History of the user says why Salesforce refused it: inactive users are, and locked ones, for "
        "whom Setup › Users has Unlock.",
    ),
    (
        "invalid api version",
        "Leave API_VERSION out, or set it to 64.0 or lower: later versions have no SOAP login(). Other ways to log in "
        "take every version that the org offers: docs/connecting.md.",
    ),
    ("inactive", "Activate the user: Setup › Users › the user › Edit: Active."),
    ("lockout", _UNLOCK),
    ("locked out", _UNLOCK),
    ("not supported on this domain", "Set LOGIN_URL to the org's My Domain, https://NAME.my.salesforce.com."),
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
        "The session of ACCESS_TOKEN has ended. Give a login that can open new ones: docs/connecting.md.",
    ),
    (
        "authentication failure",
        "Check user name and password, which carries the security token at its end, and the login address. Setup › "
        "Login History of the user says why Salesforce refused it.",
    ),
)


def what_to_do(error: SalesforceError) -> str:
    """What to do about a refused login, or a refused session; empty where nothing is known about the error."""
    said = f"{error} {error.code or ''}".lower()
    return next((advice for words, advice in _ADVICE if words in said), "")
