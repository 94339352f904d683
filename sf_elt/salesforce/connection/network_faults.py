"""What went wrong below HTTP, in words that hold nothing of the request."""

import re
import ssl

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProtocolError, ProxyError

_CONNECTION = re.compile(r"^\w+\(host='[^']*', port=\w+\): ")
_NO_TUNNEL = "Tunnel connection failed"  # http.client's words for what a proxy answers to CONNECT
_GARBLED = frozenset(
    {"TLSV1_ALERT_INTERNAL_ERROR", "SSLV3_ALERT_BAD_RECORD_MAC", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"}
)


def reason_of(error: requests.exceptions.RequestException) -> Exception:
    """What went wrong underneath. `requests` would add the address, whose query can hold personal data."""
    cause = error.args[0] if error.args else error
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return reason if isinstance(reason, Exception) else error


def has_never_arrived(reason: Exception) -> bool:
    """Whether there was no connection to send it by. urllib3 tells one through a proxy that breaks later as a proxy
    that cannot be reached, too: http.client has closed it by then, and nothing of it is known any more.
    """
    cause = reason.original_error if isinstance(reason, ProxyError) else reason
    return isinstance(cause, (NewConnectionError, ConnectTimeoutError)) or str(cause).startswith(_NO_TUNNEL)


def is_cut_off(reason: Exception) -> bool:
    """Whether it was the network that ended a TLS connection, or garbled it: nothing is wrong with who we trust."""
    cause = reason.args[0] if reason.args else reason
    if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return True
    return isinstance(cause, ssl.SSLError) and cause.reason in _GARBLED


def in_words(reason: Exception) -> str:
    """urllib3 says a broken connection as a tuple of its own, and others after the class of the connection."""
    if isinstance(reason, ProxyError) and isinstance(reason.original_error, ConnectionError):
        return "the connection through the proxy broke off"
    if isinstance(reason, ProxyError):
        return f"the proxy does not let us through: {in_words(reason.original_error)}"
    return "the connection broke off" if isinstance(reason, ProtocolError) else _CONNECTION.sub("", str(reason))
