"""What opens the org: one API user, one connected app and its key pair; made once, kept for the owner only."""

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Credentials:
    """Everything a client needs to log in. Secrets stay out of the repr."""

    organization_id: str
    user_id: str
    username: str
    display_name: str
    email: str
    client_id: str
    password: str = field(repr=False)
    security_token: str = field(repr=False)
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    sandbox: str = ""  # the sandbox's name, which every username ends in; empty: a production org
    my_domain: str = ""  # such as "demo" of demo.my.salesforce.com; empty: any


def same(given: str, expected: str) -> bool:
    """Compares two secrets in constant time."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def make_credentials(
    *, organization_id: str, user_id: str, username: str, display_name: str, email: str, sandbox: str = ""
) -> Credentials:
    """Fresh random secrets for one user, and this process's 2,048-bit RSA key pair."""
    key = _key_pair()
    return Credentials(
        organization_id=organization_id,
        user_id=user_id,
        username=username,
        display_name=display_name,
        email=email,
        password=secrets.token_hex(12),
        security_token=secrets.token_hex(12),
        client_id="3MVG9" + secrets.token_urlsafe(60),
        client_secret=secrets.token_hex(32).upper(),
        access_token=new_token(organization_id),
        private_key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        public_key=key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        sandbox=sandbox,
    )


@cache
def _key_pair() -> rsa.RSAPrivateKey:
    """One for all orgs that a process makes: to find it takes longer than all else that an org without records needs.

    What is signed with it opens one of them only: it names the connected app, whose client_id is the org's own.
    """
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_token(organization_id: str) -> str:
    """An access token as Salesforce shapes them: the 15-character organization Id, `!`, then the secret."""
    return f"{organization_id[:15]}!{secrets.token_urlsafe(72)}"


def read_credentials(file: Path) -> Credentials:
    """Reads what `write_credentials` wrote. Raises FileNotFoundError when there is none."""
    return Credentials(**json.loads(file.read_text("utf-8")))


def write_credentials(file: Path, credentials: Credentials) -> None:
    write_private(file, json.dumps(asdict(credentials), indent=1))


def write_private(file: Path, text: str) -> None:
    """Writes a file that only its owner can read (0600), whole or not at all."""
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    beside.replace(file)
