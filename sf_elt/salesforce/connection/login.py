"""Who logs in, and where. Secrets stay out of `repr`."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sf_elt.salesforce.connection.addresses import LOOPBACK, in_lower_case, is_address, is_safe, without_user
from sf_elt.salesforce.connection.kept_login import KeptLogin
from sf_elt.salesforce.errors import AuthenticationFailed

API_VERSION = "62.0"
LOGIN_URL = "https://login.salesforce.com"

_TOKEN = re.compile(r"[!-~]*")
_VERSION = re.compile(r"v?(\d{2,3})(?:\.0)?")


Way = Literal["access token", "JWT key", "OAuth password", "password", "signed in", "client credentials"]


@dataclass(frozen=True)
class Login:
    """Credentials for one org. Any of these sets is enough, the first complete one is used:

    - access_token and instance_url (a session that somebody else opened),
    - username, consumer_key and private_key or private_key_file (OAuth JWT bearer),
    - username, password, consumer_key and consumer_secret, without a security_token (OAuth password grant),
    - username, password and security_token (SOAP login; an empty token where the network is trusted),
    - kept, where `sf-elt login` has signed the connection in,
    - consumer_key and consumer_secret alone (OAuth client credentials, at the org's My Domain).

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
    kept: KeptLogin | None = None
    api_version: str = API_VERSION

    def __post_init__(self) -> None:
        for name in ("instance_url", "login_url"):
            address = getattr(self, name)
            if address is not None:
                require_address(name, address)
                object.__setattr__(self, name, in_lower_case(address))
        version = _VERSION.fullmatch(self.api_version)
        if version is None:
            raise AuthenticationFailed(f"api_version: {self.api_version!r} is no version of the API like {API_VERSION}")
        object.__setattr__(self, "api_version", f"{version[1]}.0")
        if self.access_token is not None:
            require_token("access_token", self.access_token)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        login_url: str = LOGIN_URL,
        kept: KeptLogin | None = None,
    ) -> "Login":
        """The login that the SALESFORCE_… environment variables describe; an empty variable counts as not set.

        Where they are not complete, the one that `sf-elt login` has kept. `login_url` counts where SALESFORCE_LOGIN_URL
        is not set. Raises AuthenticationFailed where the kept login is for another address than the connection's.
        """
        told = os.environ if environ is None else environ
        given = {name: value.strip("\r\n") for name, value in told.items()}  # files end in a newline
        env = {name: value for name, value in given.items() if value}
        key_file = env.get("SALESFORCE_PRIVATE_KEY_FILE")
        with _told_by_variable(env):
            login = cls(
                instance_url=env.get("SALESFORCE_INSTANCE_URL"),
                login_url=env.get("SALESFORCE_LOGIN_URL", login_url),
                username=env.get("SALESFORCE_USERNAME"),
                password=env.get("SALESFORCE_PASSWORD"),
                security_token=env.get("SALESFORCE_SECURITY_TOKEN"),
                consumer_key=env.get("SALESFORCE_CONSUMER_KEY"),
                consumer_secret=env.get("SALESFORCE_CONSUMER_SECRET"),
                private_key_file=Path(key_file) if key_file else None,
                access_token=env.get("SALESFORCE_ACCESS_TOKEN"),
                kept=kept,
                api_version=env.get("SALESFORCE_API_VERSION", API_VERSION),
            )
        return login._signed_in() if login.way_in() == "signed in" else login

    def _signed_in(self) -> "Login":
        """The kept login alone, with what is known of it without its secrets."""
        kept, about = self.kept, self.kept.about if self.kept is not None else None
        if kept is None or about is None:
            return self
        if in_lower_case(about.login_url).rstrip("/") != self.login_url.rstrip("/"):
            raise AuthenticationFailed(
                f"{kept.name} was signed in at {about.login_url}, and logs in at {self.login_url} now: run "
                f"`sf-elt login {kept.name}`"
            )
        return Login(
            instance_url=about.instance_url,
            login_url=self.login_url,
            username=about.username or None,
            kept=kept,
            api_version=self.api_version,
        )

    def way_in(self, *, new_session: bool = False) -> Way | None:
        """The first complete set of credentials; of those that open a new session, where that is asked for."""
        has_token = self.access_token is not None and self.instance_url is not None
        if has_token and not new_session:
            return "access token"
        has_app = self.consumer_key is not None and self.consumer_secret is not None
        if self.username is not None and self._has_key:
            return "JWT key"
        if self.username is not None and self.password is not None:
            return "OAuth password" if has_app and self.security_token is None else "password"
        if self.kept is not None and not has_token and self.kept.about is not None:
            return "signed in"
        alone = self.username is None and self.password is None
        return "client credentials" if has_app and alone else None

    def require_way_in(self, *, new_session: bool = False) -> Way:
        """The same. Raises AuthenticationFailed where nothing complete was given, saying what is missing."""
        way = self.way_in(new_session=new_session)
        if way is not None:
            return way
        sign_in = f"Run `sf-elt login {self.kept.name}`; or set" if self.kept is not None else "Set"
        raise AuthenticationFailed(
            f"no complete login was given. {sign_in} SALESFORCE_USERNAME with SALESFORCE_PASSWORD and "
            "SALESFORCE_SECURITY_TOKEN, or SALESFORCE_USERNAME with SALESFORCE_CONSUMER_KEY and "
            "SALESFORCE_PRIVATE_KEY_FILE, or SALESFORCE_INSTANCE_URL with SALESFORCE_ACCESS_TOKEN. "
            f"Given: {', '.join(self.given) or 'nothing'}."
        )

    @property
    def can_log_in(self) -> bool:
        """Whether a new session can be opened, beyond the access token that was given."""
        return self.way_in(new_session=True) is not None

    @property
    def _has_key(self) -> bool:
        return self.consumer_key is not None and (self.private_key is not None or self.private_key_file is not None)

    @property
    def given(self) -> list[str]:
        """The names, never the values, of what was given."""
        names = [name for name in self.__dataclass_fields__ if name != "kept"]
        return [name for name in names if getattr(self, name) not in (None, LOGIN_URL, API_VERSION)]

    @property
    def domain(self) -> str:
        """simple-salesforce's name of the login host: `login`, `test`, or `NAME.my` of a My Domain."""
        host = urlsplit(self.login_url).hostname or ""
        return host.removesuffix(".salesforce.com") if host.endswith(".salesforce.com") else "login"


@contextmanager
def _told_by_variable(env: Mapping[str, str]) -> Iterator[None]:
    """Raises AuthenticationFailed by the name of the variable that holds what cannot be part of a login."""
    try:
        yield
    except AuthenticationFailed as error:
        name, _, says = str(error).partition(": ")
        variable = f"SALESFORCE_{name.upper()}"
        if variable not in env:
            raise
        raise AuthenticationFailed(f"{variable}: {says}") from None


def require_token(name: str, token: str) -> None:
    """Raises AuthenticationFailed for what cannot travel in a header."""
    if not _TOKEN.fullmatch(token):
        raise AuthenticationFailed(f"{name}: it holds a character that no token has, a space or an umlaut say")


def require_address(name: str, address: str) -> None:
    """Raises AuthenticationFailed for what is no address, has credentials in it, or would have them travel unencrypted.

    An address is shown by commands and repeated by errors: what stands before an @ in it is not.
    """
    if "@" in address:
        raise AuthenticationFailed(
            f"{name}: {without_user(address)!r} has a user or a password in it, which logs nobody in: leave them out"
        )
    if not is_address(address):
        raise AuthenticationFailed(f"{name}: {address!r} is not an address like https://NAME.my.salesforce.com")
    if not is_safe(address):
        raise AuthenticationFailed(
            f"{name}: {address!r} would send credentials unencrypted; http:// is for this machine only"
        )


def org_address(login_url: str, instance_url: str) -> str:
    """The address of the org that a login there named, without a path.

    Raises AuthenticationFailed for what is none, and for a host that has nothing to do with the one that was asked:
    whoever gets the session there can do what the user can.
    """
    require_address("instance_url", instance_url)
    parts = urlsplit(instance_url)
    host = parts.hostname or ""
    is_known = host in LOOPBACK or _domain(host) in ("salesforce.com", _domain(urlsplit(login_url).hostname or ""))
    if not is_known:
        raise AuthenticationFailed(
            f"instance_url: {login_url} says that the org is at {instance_url!r}, which is somebody else's address: "
            "nothing is sent there. Is there a proxy? Set SALESFORCE_LOGIN_URL to the org's My Domain"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _domain(host: str) -> str:
    """The last two names of a host, salesforce.com say; of a number, all of it."""
    return host if host[-1:].isdigit() or ":" in host else ".".join(host.split(".")[-2:])
