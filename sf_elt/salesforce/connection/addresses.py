"""What an address must be before a secret goes there."""

import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def is_address(text: str) -> bool:
    """Whether it is one of HTTP, with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # half of an IPv6 address, or a port that is no number
        return False


def is_safe(address: str) -> bool:
    """Whether what goes there is encrypted, or stays on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in LOOPBACK


def in_lower_case(address: str) -> str:
    """The address with its scheme and host as requests writes them, however somebody has typed them."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def without_user(address: str) -> str:
    """For messages: without the user and the password that may stand in it, however it is written."""
    return re.sub(r"^(\w+://)?.*@", r"\1…@", address, flags=re.DOTALL)
