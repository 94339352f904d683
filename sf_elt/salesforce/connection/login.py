"""Who logs in, and where. Secrets stay out of `repr`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sf_elt.salesforce.errors import AuthenticationFailed

API_VERSION = "62.0"
LOGIN_URL = "https://login.salesforce.com"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_TOKEN = re.compile(r"[!-~]*")
_VERSION = re.compile(r"v?(\d{2,3})(?:\.0)?")


@dataclass(frozen=True)
class Login:
    """Credentials for one org. Any of these sets is enough, the first complete one is used:

    - access_token and instance_url (a session that somebody else opened),
    - username, consumer_key and private_key or private_key_file (OAuth JWT bearer),
    - username, password and security_token (SOAP login; an empty token where the network is trusted),
    - username, password, consumer_key and consumer_secret (OAuth password grant).

    `login_url` is https://login.salesforce.com, https://test.salesforce.com for a sandbox, or your My Domain.
    `api_version` is 62.0; 62 and v62.0 are the same. Raises AuthenticationFailed for an address, a token or a version
    that cannot be one.
    """

    instance_url: str | None = None
    login_url: str = LOGIN_URL
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security_token: str | None = field(default=None, repr=False)
    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    private_key_file: Path | None = None
    access_token: str | None = field(default=None, repr=False)
    api_version: str = API_VERSION

    def __post_init__(self) -> None:
        for name in ("instance_url", "login_url"):
            address = getattr(self, name)
            if address is not None:
                _check_address(name, address)

        version = _VERSION.fullmatch(self.api_version)
        if version is None:
            raise AuthenticationFailed(f"api_version: {self.api_version!r} is no version of the API like {API_VERSION}")
        object.__setattr__(self, "api_version", f"{version[1]}.0")
        if self.access_token is not None and not _TOKEN.fullmatch(self.access_token):
            raise AuthenticationFailed("access_token: it holds a character that no token has, a space or an umlaut say")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Login":
        """The login that the SALESFORCE_… environment variables describe; an empty variable counts as not set."""
        told = os.environ if environ is None else environ
        given = {name: value.strip("\r\n") for name, value in told.items()}  # files end in a newline
        env = {name: value for name, value in given.items() if value}
        key_file = env.get("SALESFORCE_PRIVATE_KEY_FILE")
        return cls(
            instance_url=env.get("SALESFORCE_INSTANCE_URL"),
            login_url=env.get("SALESFORCE_LOGIN_URL", LOGIN_URL),
            username=env.get("SALESFORCE_USERNAME"),
            password=env.get("SALESFORCE_PASSWORD"),
            security_token=env.get("SALESFORCE_SECURITY_TOKEN"),
            consumer_key=env.get("SALESFORCE_CONSUMER_KEY"),
            consumer_secret=env.get("SALESFORCE_CONSUMER_SECRET"),
            private_key_file=Path(key_file) if key_file else None,
            access_token=env.get("SALESFORCE_ACCESS_TOKEN"),
            api_version=env.get("SALESFORCE_API_VERSION", API_VERSION),
        )

    @property
    def can_log_in(self) -> bool:
        """Whether a new session can be opened, beyond the access token that was given."""
        return self.username is not None and (self._has_key or self.password is not None)

    @property
    def _has_key(self) -> bool:
        return self.consumer_key is not None and (self.private_key is not None or self.private_key_file is not None)

    def client_arguments(self, *, new_session: bool) -> dict[str, str]:
        """What simple-salesforce is constructed with: the given token, or credentials for a new session.

        Raises AuthenticationFailed where nothing complete was given, saying what is missing.
        """
        if self.access_token and self.instance_url and not new_session:
            return {"session_id": self.access_token, "instance_url": self.instance_url}
        domain = {"domain": self.domain}
        if self.username and self._has_key:
            key = {"privatekey": self.private_key} if self.private_key else {"privatekey_file": self.private_key_file}
            return domain | _texts({"username": self.username, "consumer_key": self.consumer_key, **key})
        credentials = {"username": self.username, "password": self.password}
        has_app = self.consumer_key is not None and self.consumer_secret is not None
        if self.username and self.password and has_app and self.security_token is None:
            app = {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}
            return domain | _texts(credentials | app)
        if self.username and self.password:
            return domain | _texts(credentials | {"security_token": self.security_token or ""})
        raise AuthenticationFailed(
            "no complete login was given. Set SALESFORCE_USERNAME with SALESFORCE_PASSWORD and "
            "SALESFORCE_SECURITY_TOKEN, or SALESFORCE_USERNAME with SALESFORCE_CONSUMER_KEY and "
            "SALESFORCE_PRIVATE_KEY_FILE, or SALESFORCE_INSTANCE_URL with SALESFORCE_ACCESS_TOKEN. "
            f"Given: {', '.join(self.given) or 'nothing'}."
        )

    @property
    def given(self) -> list[str]:
        """The names, never the values, of what was given."""
        return [name for name in self.__dataclass_fields__ if getattr(self, name) not in (None, LOGIN_URL, API_VERSION)]

    @property
    def domain(self) -> str:
        """simple-salesforce's name of the login host: `login`, `test`, or `NAME.my` of a My Domain."""
        host = urlsplit(self.login_url).hostname or ""
        return host.removesuffix(".salesforce.com") if host.endswith(".salesforce.com") else "login"


def _texts(arguments: Mapping[str, str | Path | None]) -> dict[str, str]:
    return {name: str(value) for name, value in arguments.items() if value is not None}


def _check_address(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AuthenticationFailed(f"{name}: {address!r} is not an address like https://NAME.my.salesforce.com")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise AuthenticationFailed(
            f"{name}: {address!r} would send credentials unencrypted; http:// is for this machine only"
        )
