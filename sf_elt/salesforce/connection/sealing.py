"""Where secrets rest: in the keyring of the system, or sealed with a key of the environment.

What seals is Fernet, AES in CBC mode with an HMAC, so that a changed text is found out.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sf_elt.salesforce.connection.halting import begun
from sf_elt.salesforce.errors import AuthenticationFailed

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet
    from keyring.backend import KeyringBackend

_Answer = TypeVar("_Answer")

TOKEN_KEY = "SF_ELT_TOKEN_KEY"  # noqa: S105 - the variable's name
SERVICE = "sf_elt"
RECOMMENDED = 1.0  # the priority from which keyring recommends a backend: those below keep plain text, or nothing
LONGEST_ANSWER = 60.0  # seconds that a keyring has, which may ask somebody to unlock it
HOW_TO_SEAL = (
    f"`sf-elt keys token` makes a key: put it into {TOKEN_KEY}, in the environment or in .env, for this command and "
    "for Dagster (`sf-elt keys token >> .env && chmod 600 .env`)."
)


def new_token_key() -> str:
    """A random key for SF_ELT_TOKEN_KEY."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def seal(text: bytes, whose: str) -> str:
    """The text, sealed with SF_ELT_TOKEN_KEY. Raises AuthenticationFailed where that is missing or no key."""
    return _fernet(whose).encrypt(text).decode()


def unseal(sealed: str, whose: str) -> bytes:
    """What was sealed. Raises AuthenticationFailed for another key, and for a text that was changed."""
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(whose).decrypt(sealed)
    except InvalidToken:
        raise AuthenticationFailed(
            f"{TOKEN_KEY} does not open the tokens of {whose}: it is another key than the one that it was signed in "
            f"with, or the file was changed. Set the right key, or run `sf-elt login {whose}` again"
        ) from None


def require_place(whose: str) -> None:
    """Raises AuthenticationFailed where there is neither a keyring nor a key."""
    if system_keyring() is None:
        _fernet(whose)


def require_token_key(environ: Mapping[str, str] = os.environ) -> None:
    """Raises AuthenticationFailed where SF_ELT_TOKEN_KEY is set, and to what is no key."""
    if keys := _keys(environ):
        _sealing_with(keys)


def _keys(environ: Mapping[str, str]) -> list[str]:
    return [each.strip() for each in environ.get(TOKEN_KEY, "").split(",") if each.strip()]


def _fernet(whose: str) -> "MultiFernet":
    """Seals with the first of the keys, and opens with each of them, so that a key can be replaced by NEW,OLD."""
    keys = _keys(os.environ)
    if not keys:
        raise AuthenticationFailed(
            f"the tokens of {whose} have no safe place: this process can use no keyring of the system, and {TOKEN_KEY} "
            f"is not set. {HOW_TO_SEAL}"
        )
    return _sealing_with(keys)


def _sealing_with(keys: Sequence[str]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet

    try:
        return MultiFernet([Fernet(each) for each in keys])
    except ValueError:
        raise AuthenticationFailed(f"{TOKEN_KEY} is no key that `sf-elt keys token` made. {HOW_TO_SEAL}") from None


def system_keyring() -> "KeyringBackend | None":
    """The keyring of this system, where this process can use one that encrypts.

    Raises AuthenticationFailed where one is chosen that there is not, or that does not work.
    """
    import keyring

    try:
        found = keyring.get_keyring()
        return found if found.priority >= RECOMMENDED else None
    except Exception as error:  # as below
        kind = type(error).__name__
        raise AuthenticationFailed(
            f"the keyring that PYTHON_KEYRING_BACKEND, or keyring's own configuration, names cannot be used ({kind}): "
            "correct it, or set PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring to do without"
        ) from None


@dataclass(frozen=True)
class KeyringEntry:
    """One secret in the keyring of the system. Raises AuthenticationFailed where that does not answer."""

    whose: str
    place: str  # several deployments of one user may have connections of the same name

    def set(self, text: str) -> None:
        self._ask(lambda keyring: keyring.set_password(SERVICE, self._name, text))

    def get(self) -> str:
        found = self.find()
        if found is None:
            raise AuthenticationFailed(
                f"the system's keyring has no tokens of {self.whose} for this user and folder: run "
                f"`sf-elt login {self.whose}`"
            )
        return found

    def find(self) -> str | None:
        """The secret; None where there is none."""
        return self._ask(lambda keyring: keyring.get_password(SERVICE, self._name))

    def delete(self) -> None:
        """Leaves no entry; it is all right where there is none."""

        def delete(keyring: "KeyringBackend") -> None:
            if keyring.get_password(SERVICE, self._name) is not None:
                keyring.delete_password(SERVICE, self._name)

        self._ask(delete)

    @property
    def _name(self) -> str:
        return f"{self.whose} in {self.place}"

    def _ask(self, call: "Callable[[KeyringBackend], _Answer]") -> _Answer:
        keyring = system_keyring()
        if keyring is None:
            raise AuthenticationFailed(
                f"the tokens of {self.whose} are in the system's keyring, which this process cannot reach: a service, "
                "or another user, has none. Start it in the session of the user who signed in, or sign in without the "
                f"keyring: PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring sf-elt login {self.whose}. "
                f"{HOW_TO_SEAL}"
            )
        try:
            return begun(lambda: call(keyring)).result(LONGEST_ANSWER)
        except Exception as error:  # each backend has errors of its own; what they say may repeat what they were given
            kind = type(error).__name__
            raise AuthenticationFailed(
                f"the system's keyring does not answer for {self.whose} ({kind}): unlock it and run this again, or "
                f"sign in without it: PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring sf-elt login {self.whose}. "
                f"{HOW_TO_SEAL}"
            ) from None
