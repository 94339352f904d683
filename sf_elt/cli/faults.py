"""How commands end: their exit codes, and how much of an error is told."""

import os
import re
import traceback
from collections.abc import Iterator, Mapping
from enum import IntEnum

VERBOSE = "SF_ELT_VERBOSE"
"""Any value but 0 and false in this variable does what --verbose does."""

_SECRET_NAME = re.compile(r"(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|KEY)(?!\w*_(?:FILE|PATH|DIR)$)", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"\b00D[0-9A-Za-z]{12,15}![\w.]+|(?<=Bearer )\S+")
_SHORTEST_SECRET = 4  # characters; shorter ones are in words that mean something else


class ExitCode(IntEnum):
    """What a script may ask a command's end for: each with what it means."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    DONE = 0, "it is done, and nothing is wrong"
    WRONG = 1, "something is wrong: it was found, refused, or failed; standard error says what"
    USAGE = 2, "the command line is wrong: an unknown option, a missing or impossible value"
    WAITS = 3, "nothing is wrong, and an export waits: for approval, or until API calls are free again"
    BUSY = 4, "another program holds the warehouse: the same command succeeds once that has ended"
    INTERRUPTED = 130, "it was ended by Ctrl-C; `dev` and `demo-org`, which run until then, end with 0"
    PIPE_CLOSED = 141, "whoever read its output stopped reading, such as `| head`"
    TERMINATED = 143, "it was ended by SIGTERM, at once (`demo`, `dev` and `demo-org` end what they started first)"


def status_of(error: BaseException | None) -> ExitCode:
    """The code that a command ends with after this error."""
    if error is None:
        return ExitCode.WRONG
    from sf_elt.warehouse import WarehouseBusy

    return ExitCode.BUSY if any(isinstance(each, WarehouseBusy) for each in chain(error)) else ExitCode.WRONG


def is_foreseen(error: BaseException) -> bool:
    """Whether its words say what to do, wherever it comes from: a wrong setting, a warehouse or an org that fails."""
    from sf_elt.salesforce.errors import SalesforceError
    from sf_elt.warehouse import WarehouseError

    return isinstance(error, (SalesforceError, WarehouseError))


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, the cause of that, and so on; each once, for causes can go in a circle."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def in_one_sentence(error: BaseException) -> str:
    """Its kind and its words, and those of what caused it, each once."""
    told = dict.fromkeys(": ".join(filter(None, [type(each).__name__, str(each).strip()])) for each in chain(error))
    return without_secrets(", because of ".join(told))


def in_full(error: BaseException) -> str:
    """The traceback with the chain of causes, without values of variables and without secrets."""
    return without_secrets("".join(traceback.format_exception(error)).rstrip())


def is_secret(name: str) -> bool:
    """Whether a variable of that name holds a secret, and not the place of one."""
    return _SECRET_NAME.search(name) is not None


def without_secrets(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The text with `…` for what the environment holds under the name of a secret, and for sessions of orgs."""
    secrets = {value for name, value in environ.items() if is_secret(name) and len(value) >= _SHORTEST_SECRET}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return _SECRET_TEXT.sub("…", text)


def verbose_by_environment(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment asks for what --verbose does."""
    return environ.get(VERBOSE, "").strip().lower() not in ("", "0", "false", "no")
