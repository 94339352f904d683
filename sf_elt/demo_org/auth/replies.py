"""What a successful grant is answered with."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta

from sf_elt.demo_org.auth.apps import ConnectedApp
from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.auth.users import User
from sf_elt.demo_org.org import Org

Reply = dict[str, str]


@dataclass(frozen=True)
class Granted:
    """Who is let in, by which app, for what; `address` is how the client reaches the org."""

    org: Org
    address: str
    app: ConnectedApp
    user: User
    scopes: tuple[str, ...]
    refresh_token: str = field(default="", repr=False)
    nonce: str = ""

    def wants_refresh_token(self) -> bool:
        asked = not {"refresh_token", "offline_access"}.isdisjoint(self.scopes)
        return asked and self.app.refresh_tokens != "never"


def open_session(granted: Granted) -> Session:
    """A session of the app for the user, which ends with its refresh token."""
    minutes = granted.app.session_minutes
    return granted.org.sessions.open(
        granted.user.id,
        granted.org.clock(),
        client_id=granted.app.client_id,
        scopes=granted.scopes,
        refresh_token=granted.refresh_token,
        lifetime=timedelta(minutes=minutes) if minutes else None,
    )


def token_reply(granted: Granted) -> Reply:
    """A new session, as the token endpoint sends it; `signature` proves `id` and `issued_at` to who has the secret."""
    session = open_session(granted)
    identity = identity_url(granted.address, granted.org, granted.user.id)
    issued_at = str(int(session.issued_at.timestamp() * 1000))
    secret = (granted.app.client_secret or "").encode()
    signature = hmac.new(secret, (identity + issued_at).encode(), hashlib.sha256).digest()
    return {
        "access_token": session.token,
        "signature": base64.b64encode(signature).decode(),
        "scope": " ".join(granted.scopes),
        "instance_url": granted.address,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def with_id_token(granted: Granted, reply: Reply) -> Reply:
    """The reply, with an ID token where `openid` was granted."""
    if "openid" not in granted.scopes:
        return reply
    id_token = granted.org.signing_key.id_token(
        issuer=granted.address,
        subject=reply["id"],
        client_id=granted.app.client_id,
        access_token=reply["access_token"],
        nonce=granted.nonce,
        now=granted.org.clock(),
    )
    return reply | {"id_token": id_token}


def identity_url(address: str, org: Org, user_id: str) -> str:
    return f"{address}/id/{org.credentials.organization_id}/{user_id}"
