"""Ports for servers that cannot choose one by themselves, and tell it."""

import errno
import secrets
import socket
from contextlib import suppress

FIRST, LAST = 20_000, 32_000
"""Below those that systems give to whoever asks for any (32768 and up, or 49152): one of those could be another test's
server before it is used.
"""


def free_port() -> int:
    """A port of 127.0.0.1 and, where there is IPv6, of ::1 that nobody listens at, nor is given meanwhile."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if _is_free_in_ipv6(port):
                return port


def _is_free_in_ipv6(port: int) -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", port))
    except OSError as error:
        return error.errno != errno.EADDRINUSE  # there is no IPv6
    return True
