"""A Debian machine under systemd, booted in a folder by systemd-nspawn: for what docs/production.md has people do.

with booted(debian(folder)) as machine:
    machine.run("systemctl enable --now nginx")

Its network is its own, so its ports are free whatever runs here; `network=True` runs a command that fetches packages
in the network of this machine.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("debootstrap", "systemd-nspawn", "nsenter")
PACKAGES = ("systemd,systemd-sysv,dbus,python3-venv,make,git,postgresql,nginx-light,apache2-utils,cron,curl,jq,"
            "ca-certificates,openssl,procps")  # fmt: skip
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
KEPT = os.environ.get("SF_ELT_DEBIAN")
"""A folder with such a Debian, to make it only once; nothing is written into it afterwards."""


def lacking() -> str | None:
    """Why there can be no such machine here."""
    if os.geteuid() != 0:
        return "only root can boot a machine in a folder"
    missing = [each for each in PROGRAMS if shutil.which(each) is None]
    return f"no {missing[0]}: apt-get install debootstrap systemd-container" if missing else None


def debian(folder: Path) -> Path:
    """The folder of an installed Debian 12; some two minutes where it has to be made."""
    root = Path(KEPT) if KEPT else folder / "debian"
    if not (root / "etc" / "debian_version").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    return root


@dataclass(frozen=True)
class Machine:
    """One that is up. `first` is its first process, as this machine numbers it."""

    first: int

    def run(
        self, script: str, *, user: str = "root", network: bool = False, check: bool = True, seconds: int = 900
    ) -> subprocess.CompletedProcess[str]:
        """Runs it in bash, in the home of that user. Raises AssertionError with all output where it fails."""
        spaces = ["--mount", "--uts", "--ipc", "--pid", *([] if network else ["--net"])]
        done = subprocess.run(
            ["nsenter", f"--target={self.first}", *spaces, "runuser", "--login", user, "--shell", "/bin/bash",
             "--command", f"set -eo pipefail\n{script}"],
            capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done


@contextmanager
def booted(root: Path, *, shows: dict[Path, str]) -> Iterator[Machine]:
    """The machine, until the block ends; folders of this one stand in it, read-only, where `shows` says.

    What is written in it is in memory, and gone with it.
    """
    command = [
        "systemd-nspawn", "--boot", "--quiet", "--volatile=overlay", "--private-network", "--register=no",
        "--keep-unit", f"--machine=sf-elt-{os.getpid()}", f"--directory={root}", f"--bind-ro={TRUSTED}",
        *(f"--bind-ro={here}:{there}" for here, there in shows.items()),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        machine = Machine(_first_process(process))
        machine.run("systemctl is-system-running --wait || systemctl --failed", seconds=120)
        yield machine
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()


def _first_process(nspawn: subprocess.Popen[bytes]) -> int:
    """The machine's systemd, once it listens."""
    end = time.monotonic() + 60
    while True:
        assert nspawn.poll() is None, "the machine has not come up"
        assert time.monotonic() < end
        for child in Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text().split():
            if Path(f"/proc/{child}/root/run/systemd/private").exists():
                return int(child)
        time.sleep(0.1)
