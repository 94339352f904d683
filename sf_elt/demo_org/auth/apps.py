"""Connected apps: the clients that users let in by OAuth.

Every org has its own app, whose key and secret are among the credentials, and PlatformCLI, the Salesforce CLI's.
`--apps FILE` adds others, in YAML or JSON:

    - name: Reporting
      client_id: reporting
      client_secret: not-so-secret
      callback_urls: ["https://reporting.example/callback", "http://localhost:*"]
      scopes: [api, refresh_token, openid]
      refresh_tokens: rotate
      permitted_users: admin-approved
      approved_users: [integration@demo-org.example]
"""

from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

import yaml
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from sf_elt.demo_org.auth.credentials import Credentials, same
from sf_elt.demo_org.loopback import is_loopback

Scope = Literal["api", "full", "id", "openid", "profile", "email", "refresh_token", "offline_access", "web"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
IDENTITY = {"id", "openid", "profile", "email"}  # each of them opens the identity URL
LOOPBACK_CALLBACK = "http://localhost:*"
SUCCESS = "/services/oauth2/success"


class AppsFileError(Exception):
    """The file of connected apps cannot be used; the message says where and why."""


class ConnectedApp(BaseModel):
    """One client: who it is, where users are sent back to, and what it may ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="What users read on the page that asks for their consent.")
    client_id: str = Field(min_length=1, description="The consumer key.")
    client_secret: str | None = Field(default=None, repr=False, description="The consumer secret; none: a public app.")
    callback_urls: tuple[str, ...] = Field(
        default=(), description="Where users come back to, to the letter; http://localhost:* is any loopback address."
    )
    scopes: tuple[Scope, ...] = Field(
        default=("api", "id", "refresh_token"), description="What it may ask for, and gets where it asks for nothing."
    )
    refresh_tokens: Literal["keep", "rotate", "never"] = Field(
        default="keep", description="Whether a refresh token stays, is replaced at each use, or is not given out."
    )
    pkce_required: bool = Field(default=False, description="Refuses authorization without a code challenge.")
    secret_required: bool = Field(
        default=False, description="Whether codes with PKCE and refresh tokens need the secret too."
    )
    permitted_users: Literal["self-authorize", "admin-approved"] = Field(
        default="self-authorize", description="Whether users give their own consent, or `approved_users` alone come in."
    )
    approved_users: tuple[str, ...] = Field(
        default=(), description="Names of users who need not give their consent, as for JWT bearer and admin-approved."
    )
    run_as: str | None = Field(default=None, description="The name of the user that client_credentials acts as.")
    certificate: str | None = Field(
        default=None, description="PEM of the certificate, or of the public key, that JWT assertions prove."
    )
    session_minutes: int | None = Field(default=None, ge=1, description="How long its sessions live; none: as the org.")

    @field_validator("certificate")
    @classmethod
    def _is_public_key(cls, pem: str | None) -> str | None:
        """Keeps the public key of a certificate: that is what proves an assertion."""
        if pem is None:
            return None
        try:
            if "BEGIN CERTIFICATE" not in pem:
                load_pem_public_key(pem.encode())
                return pem
            key = load_pem_x509_certificate(pem.encode()).public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValueError(f"neither a certificate nor a public key in PEM: {error}") from error
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def takes_callback(self, address: str) -> bool:
        """Whether users may be sent there."""
        return any(_same_address(address, known) for known in self.callback_urls)

    def takes_secret(self, given: str) -> bool:
        return same(given, self.client_secret or "")

    def approves(self, username: str) -> bool:
        """Whether an administrator has let this user use the app."""
        return username.casefold() in (each.casefold() for each in self.approved_users)


class NoSuchScope(Exception):
    """A scope that is unknown, or that the app may not ask for."""


def scopes_for(app: ConnectedApp, asked: str) -> tuple[str, ...]:
    """What an app gets: what it asks for, all that it may where it asks for nothing. Raises NoSuchScope."""
    wanted = tuple(dict.fromkeys(asked.replace(",", " ").split())) or app.scopes
    synonyms = {"refresh_token", "offline_access"}
    allowed = set(app.scopes) | {"id"} | (synonyms if synonyms & set(app.scopes) else set())
    if "full" in app.scopes:  # everything but refresh tokens
        allowed |= set(SCOPES) - synonyms
    if not set(wanted) <= allowed:
        raise NoSuchScope(asked)
    return wanted


def built_in_apps(credentials: Credentials, *, rotate_refresh_tokens: bool) -> list[ConnectedApp]:
    """The org's own app, open to all users of loopback, and the Salesforce CLI's."""
    own = ConnectedApp(
        name="Demo connected app",
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        callback_urls=(LOOPBACK_CALLBACK, f"https://login.salesforce.com{SUCCESS}"),
        scopes=("refresh_token", "api", "id", "full", "openid", "profile", "email", "web"),
        refresh_tokens="rotate" if rotate_refresh_tokens else "keep",
        approved_users=(credentials.username,),
        run_as=credentials.username,
        certificate=credentials.public_key,
    )
    command_line = ConnectedApp(
        name="Salesforce CLI",
        client_id="PlatformCLI",
        callback_urls=("http://localhost:1717/OauthRedirect", LOOPBACK_CALLBACK),
        scopes=("refresh_token", "api", "web"),
    )
    return [own, command_line]


def read_apps(file: Path) -> tuple[ConnectedApp, ...]:
    """The apps that a file describes. Raises AppsFileError."""
    try:
        given = yaml.safe_load(file.read_text("utf-8"))
        apps = TypeAdapter(tuple[ConnectedApp, ...]).validate_python(given)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AppsFileError(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AppsFileError(f"{file}: {where or 'the whole'}: {first['msg']}") from error
    names = [app.client_id for app in apps]
    if len(set(names)) < len(names):
        raise AppsFileError(f"{file}: two apps have the same client_id")
    return apps


def _same_address(given: str, known: str) -> bool:
    if known != LOOPBACK_CALLBACK:
        return given == known
    try:
        parts = urlsplit(given)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return False
    beside = {"#", "\\"} & set(given) or "@" in parts.netloc  # what browsers read otherwise than we do
    return parts.scheme == "http" and is_loopback(parts.hostname or "") and not beside
