"""What `sf-elt login` keeps: sealed, its owner's alone, whole at every instant, clear about why it cannot be read."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event
from typing import NoReturn

import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring

from sf_elt.salesforce import AuthenticationFailed, OrgUnavailable
from sf_elt.salesforce.connection import kept_login, private_file, sealing
from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin
from sf_elt.salesforce.connection.sealing import new_token_key
from sf_elt_tests.salesforce.file_keyring import VARIABLE, FileKeyring, LockedKeyring
from sf_elt_tests.small_disk import small_disk

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
KEPT = Kept(
    way="browser",
    login_url="https://login.salesforce.com",
    instance_url="https://acme.my.salesforce.com",
    username="ada@example.com",
    signed_in_at=NOW,
    renewed_at=NOW,
    consumer_key="the-consumer-key",
    refresh_token="s3cret-refresh",
    access_token="s3cret-access",
)


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    made = new_token_key()
    monkeypatch.setenv("SF_ELT_TOKEN_KEY", made)
    return made


@pytest.fixture
def place(tmp_path: Path) -> KeptLogin:
    return KeptLogin(tmp_path / "data" / "logins", "salesforce")


@pytest.fixture
def in_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "keyring.json"
    monkeypatch.setenv(VARIABLE, str(file))
    keyring.set_keyring(FileKeyring())
    return file


def test_without_a_keyring_tokens_are_sealed_in_a_file_of_their_owner(place: KeptLogin, key: str) -> None:
    """0600 in 0700 whatever the umask says; people read who is signed in, and nobody a token."""
    before = os.umask(0)
    try:
        place.write(KEPT)
    finally:
        os.umask(before)
    assert place.read() == KEPT
    assert place.about == KEPT.about
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place.folder, place.file)] == [0o700, 0o600]
    text = place.file.read_text()
    assert "ada@example.com" in text
    assert "s3cret" not in text + repr(KEPT) + repr(place)
    assert [*place.folder.iterdir()] == [place.file]


def test_a_file_is_private_from_its_first_byte_on(place: KeptLogin, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks while it is written sees nothing wider than 0600, and the earlier content under its name."""
    place.write(KEPT)
    modes = []
    flush = os.fsync

    def look(descriptor: int) -> None:
        modes.extend(stat.S_IMODE(each.stat().st_mode) for each in place.folder.iterdir())
        flush(descriptor)

    monkeypatch.setattr(private_file.os, "fsync", look)
    place.write(replace(KEPT, access_token="another"))
    assert set(modes) == {0o600}


def test_a_write_that_fails_leaves_what_stood(place: KeptLogin, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk loses neither the earlier login nor any bytes beside it."""
    place.write(KEPT)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(private_file.os, "fsync", full)
        with pytest.raises(AuthenticationFailed, match=r"cannot be kept: .*No space left"):
            place.write(replace(KEPT, access_token="another"))
    assert place.read() == KEPT
    assert [*place.folder.iterdir()] == [place.file]
    with monkeypatch.context() as patched:
        patched.setattr(private_file.Path, "unlink", lambda *_, **__: None)  # as where the process is killed
        patched.setattr(private_file.os, "fsync", full)
        with pytest.raises(AuthenticationFailed):
            place.write(KEPT)
    assert len([*place.folder.iterdir()]) == 2
    place.forget()
    assert [*place.folder.iterdir()] == []


@pytest.mark.kill
@pytest.mark.parametrize("kills", [5, pytest.param(400, marks=pytest.mark.soak)])
def test_who_is_killed_while_writing_leaves_a_whole_login(place: KeptLogin, key: str, kills: int) -> None:
    """The earlier one or the later, at any moment and to whoever reads meanwhile; nothing is open to others."""
    dice = random.Random(kills)
    place.write(KEPT)
    last = 0
    for _ in range(kills):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _write_for_ever(place, last, dice, writer)
        os.close(writer)
        assert os.read(reader, 1)  # it has begun
        for _ in range(dice.randrange(10)):
            assert int(place.read().access_token or "") > last
        time.sleep(dice.uniform(0, 0.003))  # so that it is killed anywhere
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        done = 1 + len(os.read(reader, 1 << 16))
        os.close(reader)
        assert int(place.read().access_token or "") - last in (done, done + 1)
        last = int(place.read().access_token or "")
        assert {stat.S_IMODE(each.stat().st_mode) for each in place.folder.iterdir()} == {0o600}
    place.forget()
    assert [*place.folder.iterdir()] == []


def _write_for_ever(place: KeptLogin, last: int, dice: random.Random, writer: int) -> NoReturn:
    """Each login with the next number, and a byte for each; whatever ends it ends the process, and not the test."""
    os.umask(0)
    try:
        for number in count(last + 1):
            place.write(replace(KEPT, access_token=str(number), refresh_token="x" * dice.randrange(1, 100_000)))
            os.write(writer, b".")
    finally:
        os._exit(1)


@pytest.mark.parametrize("where", ["file", "keyring"])
def test_a_full_disk_tells_where_and_how_much_is_free(
    place: KeptLogin, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A real one: the earlier login stands, also in a keyring, which is written where there is room for the file."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "keyring.json"))
    if where == "keyring":
        keyring.set_keyring(FileKeyring())
    with small_disk(place.folder.parent, "64k") as disk:
        place.write(KEPT)
        disk.fill()
        with pytest.raises(AuthenticationFailed) as caught:
            place.write(replace(KEPT, access_token="another"))
        assert f"There is no room in {place.folder}. 0 MB are free on its disk. Free disk space" in str(caught.value)
        assert place.read() == KEPT
        disk.clear()
        place.write(replace(KEPT, access_token="another"))
        disk.close()
        for ask in (lambda: place.write(KEPT), lambda: place.turn().__enter__(), place.forget):
            with pytest.raises(AuthenticationFailed, match=rf"{place.folder} must belong to .*, \w+, .*not read-only"):
                ask()


def test_with_a_keyring_no_file_holds_a_token(place: KeptLogin, in_keyring: Path) -> None:
    """No key is needed, the file says who is signed in, and logging out empties the keyring."""
    place.write(KEPT)
    assert place.is_in_keyring
    assert place.read() == KEPT
    assert "s3cret" not in place.file.read_text()
    assert "s3cret-refresh" in in_keyring.read_text()
    other = KeptLogin(place.folder.parent / "another", "salesforce")
    other.write(replace(KEPT, refresh_token="others", access_token=None))
    assert place.read() == KEPT
    place.forget()
    assert place.about is None
    assert "s3cret" not in in_keyring.read_text()


def test_what_a_killed_login_left_in_the_keyring_is_found(
    place: KeptLogin, in_keyring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between keyring and file: no file says so, and it is forgotten all the same, with what lies beside."""
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(private_file.Path, "replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        place.write(KEPT)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (place.about, place.begun(), place.is_torn) == (None, KEPT, True)
    place.forget()
    assert (place.begun(), place.is_torn, [*place.folder.iterdir()]) == (None, False, [])
    assert "s3cret" not in in_keyring.read_text()


def test_a_folder_that_lets_go_of_nothing_keeps_the_keyring_as_well(place: KeptLogin, in_keyring: Path) -> None:
    """Neither half of a login is forgotten without the other; it says which folder, and what it wants."""
    place.write(KEPT)
    with (
        _read_only(place.folder),
        pytest.raises(AuthenticationFailed, match=r"forgotten: .*logins'\. .*must belong to"),
    ):
        place.forget()
    assert place.read() == KEPT


def test_with_neither_it_is_refused_before_anybody_logs_in(place: KeptLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to make a key; what is no key is told from none."""
    monkeypatch.delenv("SF_ELT_TOKEN_KEY", raising=False)
    for ask in (place.require_place, lambda: place.write(KEPT)):
        with pytest.raises(AuthenticationFailed, match="`sf-elt keys token` makes a key"):
            ask()
    assert not place.file.exists()
    monkeypatch.setenv("SF_ELT_TOKEN_KEY", "not-a-key")
    with pytest.raises(AuthenticationFailed, match="SF_ELT_TOKEN_KEY is no key") as caught:
        place.require_place()
    assert "not-a-key" not in str(caught.value)


def test_another_key_a_missing_one_and_a_torn_file_are_told_apart(
    place: KeptLogin, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says what to do; the new key in front of the old one opens what the old one sealed."""
    place.write(KEPT)
    monkeypatch.setenv("SF_ELT_TOKEN_KEY", new_token_key())
    with pytest.raises(AuthenticationFailed, match=r"another key.*run `sf-elt login salesforce` again"):
        place.read()
    monkeypatch.setenv("SF_ELT_TOKEN_KEY", f"{new_token_key()}, {key}")
    assert place.read() == KEPT
    monkeypatch.delenv("SF_ELT_TOKEN_KEY")
    with pytest.raises(AuthenticationFailed, match="SF_ELT_TOKEN_KEY is not set"):
        place.read()
    whole = place.file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"[]", whole.replace(b'"browser"', b'"carrier pigeon"')):
        place.file.write_bytes(damaged)
        with pytest.raises(AuthenticationFailed, match=r"damaged.*Run `sf-elt login salesforce`") as caught:
            place.read()
        assert "gAAAA" not in str(caught.value)
    place.forget()
    assert place.about is None


def test_a_changed_file_is_found_out(place: KeptLogin, key: str) -> None:
    """A letter of what is sealed is another: it is not opened."""
    place.write(KEPT)
    text = place.file.read_text()
    spot = text.index("gAAAA") + 40
    place.file.write_text(text[:spot] + ("A" if text[spot] != "A" else "B") + text[spot + 1 :])
    with pytest.raises(AuthenticationFailed, match="the file was changed"):
        place.read()


def test_what_others_may_read_is_not_used(place: KeptLogin, key: str) -> None:
    """A file and a folder that somebody has opened to others, with the command that closes them."""
    place.write(KEPT)
    place.file.chmod(0o640)
    with pytest.raises(AuthenticationFailed, match=r"open to others.*chmod 600 .*salesforce\.json"):
        place.read()
    place.file.chmod(0o600)
    place.folder.chmod(0o755)
    with pytest.raises(AuthenticationFailed, match=r"open to others.*chmod 700 .*logins"):
        place.write(KEPT)


def test_what_is_no_file_of_ours_is_not_used(place: KeptLogin, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, which has no end, a folder, and what belongs to somebody else: each is told, and nothing waits."""
    place.write(KEPT)
    with monkeypatch.context() as patched:
        patched.setattr(private_file.os, "geteuid", lambda: os.getuid() + 1)
        for ask in (place.read, lambda: place.write(KEPT)):
            with pytest.raises(
                AuthenticationFailed, match=r"belongs to another user, \w+, who could change it: run this as that user"
            ):
                ask()
    place.file.unlink()
    os.mkfifo(place.file, 0o600)
    with pytest.raises(AuthenticationFailed, match="is no file"):
        place.read()
    place.file.unlink()
    lock = place.folder / ".salesforce.lock"
    for folder in (place.file, lock):
        folder.mkdir()
    with pytest.raises(AuthenticationFailed, match=r"cannot be read: .*Is a directory"):
        place.read()
    with pytest.raises(AuthenticationFailed, match=r"cannot be renewed: .*Is a directory"), place.turn():
        pass


def test_a_keyring_that_never_answers_or_is_none_is_told(
    place: KeptLogin, in_keyring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that waits for somebody who is not there holds nobody up; one that does not start says which it is."""
    place.write(KEPT)
    monkeypatch.setattr(sealing, "LONGEST_ANSWER", 0.05)
    unlocked = Event()
    monkeypatch.setattr(FileKeyring, "get_password", lambda *_: unlocked.wait(30) and None)
    with pytest.raises(AuthenticationFailed, match=r"does not answer.*TimeoutError.*unlock it"):
        place.read()
    unlocked.set()
    monkeypatch.setattr(FileKeyring, "priority", property(_no_bus))
    with pytest.raises(AuthenticationFailed, match="PYTHON_KEYRING_BACKEND") as caught:
        place.write(KEPT)
    assert "s3cret" not in str(caught.value)


def _no_bus(_: FileKeyring) -> float:
    raise RuntimeError("no bus for s3cret")


def test_a_locked_keyring_says_so_without_what_it_was_given(
    place: KeptLogin, in_keyring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and writing; a process that has no keyring at all is told where the tokens are."""
    place.write(KEPT)
    keyring.set_keyring(LockedKeyring())
    for ask in (place.read, lambda: place.write(KEPT)):
        with pytest.raises(AuthenticationFailed, match=r"keyring does not answer.*unlock it") as caught:
            ask()
        assert "s3cret" not in str(caught.value) + repr(caught.value.__cause__)
    keyring.set_keyring(NoKeyring())
    with pytest.raises(AuthenticationFailed, match=r"in the system's keyring, which this process cannot reach"):
        place.read()


def test_who_dies_in_turn_lets_go_of_it(place: KeptLogin, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a process lives it is waited for; once it is killed, the next has its turn."""
    monkeypatch.setattr(kept_login, "LONGEST_TURN", 0.2)
    place.write(KEPT)
    holds = (
        "import sys, pathlib; from sf_elt.salesforce.connection.kept_login import KeptLogin\n"
        "with KeptLogin(pathlib.Path(sys.argv[1]), 'salesforce').turn():\n"
        "    print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(place.folder)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        with pytest.raises(OrgUnavailable, match="another process has been renewing"), place.turn():
            pass
        other.kill()
        other.wait()
        with place.turn():
            assert place.read() == KEPT


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Nobody may write there within the block; not root either, whom no mode holds, but a question about it does."""
    folder.chmod(0o500)
    with pytest.MonkeyPatch.context() as monkeypatch:
        if os.geteuid() == 0:
            monkeypatch.setattr(kept_login.os, "access", lambda path, *_, **__: path != folder)
        yield
    folder.chmod(0o700)
