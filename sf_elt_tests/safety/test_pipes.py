"""A pipe, a device or a folder where a file should be, and a file without measure: a clear error, and nothing waits."""

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sf_elt.components.kept_describes import KeptDescribes
from sf_elt.components.status.instance import NoInstance, settings_in
from sf_elt.components.wrong_yaml import WrongYaml, yaml_told_plainly
from sf_elt.plain_file import read_file
from sf_elt.profiles import read_pairs
from sf_elt.profiles.errors import MappingRefused
from sf_elt.salesforce import AuthenticationFailed, Login, connect
from sf_elt.streams import EventSpec, EventsUnreadable, import_events
from sf_elt.warehouse import Warehouse


def _in_yaml(file: Path) -> None:
    with yaml_told_plainly(file.parent):
        pytest.fail("it is read")


def _as_key(file: Path) -> None:
    connect(Login(login_url="http://127.0.0.1:9", username="ada", consumer_key="key", private_key_file=str(file)))


def _as_events(file: Path) -> None:
    spec = EventSpec("web_events", (str(file),), format="jsonl")
    import_events(Warehouse(file.parent / "warehouse"), spec, now=datetime.now(UTC), run_id="run")


READS: dict[str, tuple[str, Callable[[Path], object], type[Exception]]] = {
    "list of links": ("links.csv", read_pairs, MappingRefused),
    "YAML": ("defs.yaml", _in_yaml, WrongYaml),
    "settings": ("dagster.yaml", lambda file: settings_in(file.parent), NoInstance),
    "key": ("key.pem", _as_key, AuthenticationFailed),
    "events": ("events.jsonl", _as_events, EventsUnreadable),
}


def _loop(file: Path) -> None:
    file.symlink_to(file)


def _socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(file))


THINGS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "device": lambda file: file.symlink_to("/dev/zero"),
    "link to itself": _loop,
    "socket": _socket,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("read", READS)
def test_what_is_no_file_is_a_clear_error(
    read: str, thing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, of the kind that is meant; it names the file."""
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    name, reads, refusal = READS[read]
    THINGS[thing](Path(name))
    with pytest.raises(refusal, match=name):
        reads(tmp_path / name)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_describe_is_none(thing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading the YAML goes on without."""
    monkeypatch.chdir(tmp_path)
    THINGS[thing](Path("lead.json"))
    assert KeptDescribes(tmp_path, "").read("Lead") is None


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "large"
    with file.open("wb") as body:
        body.truncate(1 << 40)  # takes no room on the disk
    yield file
    file.unlink()


def test_a_file_without_measure_is_not_read_to_its_end(large: Path) -> None:
    """What it may have is said."""
    with pytest.raises(OSError, match="it has more than 1 MB"):
        read_file(large, 1 << 20)
