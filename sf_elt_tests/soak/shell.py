"""Somebody at a shell: in a fresh clone, in her home on a machine of its own, after `make demo`.

with shell_after_the_demo(folder) as shell:
    shell.run("sf-elt audiences list")
"""

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sf_elt_tests.pages import NOT_RUN, ROOT, Block, blocks, commands_of
from sf_elt_tests.soak.machine import TRUSTED, Machine, booted, debian

ORG = "http://127.0.0.1:8080"
WAIT = "curl --silent --show-error --fail --insecure --retry 120 --retry-connrefused --retry-delay 1 --output /dev/null"
FIELD = """field() { python3 -c 'import json, sys; print(json.load(open("org.json"))[sys.argv[1]])' "$1"; }\n"""
SECRETS = ("password", "security_token")


class Shell:
    """The one of `ada`, in her clone of the project; her commands have no network but on their own machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.units: dict[str, str] = {}

    def run(self, script: str, *, network: bool = False, check: bool = True) -> str:
        lines = [
            f"export PIP_CERT={TRUSTED} PATH=$HOME/sf_elt/.venv/bin:$PATH",
            "cd ~/sf_elt 2>/dev/null || cd",
            script,
        ]
        done = self.machine.run("\n".join(lines), user="ada", network=network, check=check)
        return done.stdout + (done.stderr if not check else "")

    def start(self, name: str, command: str, *, until: str) -> None:
        """What runs until somebody stops it; back once the address answers. What a failed test has left goes first."""
        if name in self.units:
            self.machine.run(f"systemctl stop {self.units[name]}", check=False)
        unit = self.units[name] = f"{name}-{uuid4().hex[:8]}"  # systemd knows a unit that has ended for a while
        words = shlex.quote(f"cd ~/sf_elt && {command}")
        self.machine.run(f"systemd-run --quiet --unit {unit} --uid ada --setenv HOME=/home/ada /bin/bash -c {words}")
        self.machine.run(f"{WAIT} {until} || (journalctl --unit {unit}; exit 1)")

    def stop(self, name: str) -> None:
        """Ctrl-C, which the processes of a terminal's group get; a unit's first process leads one."""
        unit = self.units.pop(name)
        told = self.machine.run(f"kill -INT -- -$(systemctl show --property MainPID --value {unit})", check=False)
        end = time.monotonic() + 300
        while self.machine.run(f"systemctl is-active {unit}", check=False).stdout.strip() in ("active", "deactivating"):
            assert time.monotonic() < end, f"{name} goes on after Ctrl-C: {told.stderr}"
            time.sleep(0.5)


@contextmanager
def shell_after_the_demo(folder: Path) -> Iterator[Shell]:
    """A fresh clone in which `make demo` has run; what it said is in made.txt."""
    with booted(debian(folder), shows={ROOT: "/srv/sf_elt"}) as machine:
        machine.run("useradd --create-home --shell /bin/bash ada\ninstall --directory --owner ada /var/www")
        shell = Shell(machine)
        shell.run("git config --global safe.directory '*'\ngit clone --quiet /srv/sf_elt sf_elt", network=True)
        shell.run("make .venv/.runtime", network=True)
        shell.run(f"({typed('README.md', 'make demo')}) | tee made.txt")
        yield shell


def of_page(page: str, *languages: str) -> list[Block]:
    """The blocks of a page below docs/, or of README.md; those of a shell unless it is said."""
    file = ROOT / page if page == "README.md" else ROOT / "docs" / page
    found = [each for language in languages or ("sh", "console") for each in blocks(language) if each.page == file]
    return sorted(found, key=lambda block: block.line)


def typed(page: str, containing: str = "") -> str:
    """What is typed of the page's blocks with these words, but for what no test types."""
    text = "".join(commands_of(each) for each in of_page(page) if containing in each.text)
    assert text, (page, containing)
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(tuple(NOT_RUN)))


def start_org(shell: Shell, more: str = "") -> dict[str, str]:
    """The demo org on the port of the pages; what it has printed."""
    scheme = "https" if "--tls" in more else "http"
    command = typed("demo-org/clients.md", "tee org.json").replace("--json", f"--json {more}")
    shell.start("org", command, until=f"{scheme}://127.0.0.1:8080/demo/calls")
    details: dict[str, str] = json.loads(shell.run("cat org.json"))
    return details


def deploy(shell: Shell) -> dict[str, str]:
    """The demo's org, and its warehouse as the deployment's own, with the login and two days in .env, by the page."""
    org = start_org(shell, "--file data/demo/org/org.duckdb")
    env = typed("demo-org.md", "export SALESFORCE_INSTANCE_URL").replace("export ", "")
    for name in SECRETS:
        line = f"SALESFORCE_{name.upper()}=…"
        assert line in env
        env = env.replace(line, line.replace("…", org[name]))
    shell.run(
        f"cp --archive data/demo/warehouse data/warehouse\ncat > .env <<'END'\n{env}END\n"
        "echo SF_ELT_START=$(date --utc --date '2 days ago' +%F) >> .env"
    )
    return org


def asked(shell: Shell, query: str) -> str:
    """The one value that the warehouse answers with."""
    program = f"from sf_elt import open_warehouse; print(open_warehouse().sql({query!r}).iloc[0, 0])"
    return shell.run(f"python -c {shlex.quote(program)}").strip()


def an_email(shell: Shell, *, which: str = "min") -> str:
    """Somebody's, of whom the org has a lead: the first by the alphabet, or with `max` the last."""
    return asked(
        shell,
        f"SELECT {which}(emails.value) FROM profiles.identifiers emails JOIN profiles.identifiers leads "
        "USING (profile_id) WHERE emails.kind = 'email' AND leads.kind = 'salesforce_lead_ids'",
    )
