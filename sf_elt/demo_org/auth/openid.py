"""OpenID Connect: the org's own signing key, its public half for everybody, and the ID tokens signed with it."""

import base64
import hashlib
import threading
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ID_TOKEN_LIFE = timedelta(minutes=2)


class SigningKey:
    """An RSA key pair, made when it is first needed (it takes a tenth of a second) and gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: rsa.RSAPrivateKey | None = None

    def _private(self) -> rsa.RSAPrivateKey:
        with self._lock:
            if self._key is None:
                self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return self._key

    def public(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 7517)."""
        key = RSAAlgorithm.to_jwk(self._private().public_key(), as_dict=True)
        thumbprint = hashlib.sha256(f"{key['e']}.{key['n']}".encode()).hexdigest()[:16]
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": thumbprint, "n": key["n"], "e": key["e"]}

    def id_token(
        self, *, issuer: str, subject: str, client_id: str, access_token: str, nonce: str, now: datetime
    ) -> str:
        """A signed statement that this user logged in to this app just now."""
        claims = {
            "iss": issuer,
            "sub": subject,
            "aud": [client_id],
            "iat": int(now.timestamp()),
            "exp": int((now + ID_TOKEN_LIFE).timestamp()),
            "at_hash": _half_hash(access_token),
        }
        if nonce:
            claims["nonce"] = nonce
        return jwt.encode(claims, self._private(), algorithm="RS256", headers={"kid": self.public()["kid"]})


def configuration(address: str) -> dict[str, object]:
    """What /.well-known/openid-configuration says (OpenID Connect Discovery)."""
    oauth = f"{address}/services/oauth2"
    return {
        "issuer": address,
        "authorization_endpoint": f"{oauth}/authorize",
        "token_endpoint": f"{oauth}/token",
        "revocation_endpoint": f"{oauth}/revoke",
        "userinfo_endpoint": f"{oauth}/userinfo",
        "introspection_endpoint": f"{oauth}/introspect",
        "jwks_uri": f"{address}/id/keys",
        "end_session_endpoint": f"{address}/secur/logout.jsp",
        "scopes_supported": ["api", "email", "full", "id", "openid", "profile", "refresh_token", "web"],
        "response_types_supported": ["code", "token", "token id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "display_values_supported": ["page", "popup", "touch"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "password",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [
            "active",
            "email",
            "email_verified",
            "family_name",
            "given_name",
            "is_app_installed",
            "language",
            "locale",
            "name",
            "nickname",
            "organization_id",
            "preferred_username",
            "profile",
            "sub",
            "updated_at",
            "urls",
            "user_id",
            "user_type",
            "zoneinfo",
        ],
    }


def _half_hash(access_token: str) -> str:
    """`at_hash`: the left half of the token's SHA-256."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
