"""The demo's folder: everything it makes is in there, and only such a folder is ever deleted."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sf_elt.demo.errors import DemoError, FolderRefused

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details

MARKER = "made_by_sf_elt_demo.json"
DAYS = 7
"""Daily partitions before today's; the first of them also takes the two years before it."""

NOTHING_CAPTURED = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}

_OF_CONNECTIONS = (
    "_LOGIN_URL",
    "_INSTANCE_URL",
    "_ACCESS_TOKEN",
    "_USERNAME",
    "_PASSWORD",
    "_SECURITY_TOKEN",
    "_CONSUMER_KEY",
    "_CONSUMER_SECRET",
    "_PRIVATE_KEY_FILE",
    "_API_VERSION",
    "_CALLBACK_URL",
)  # fmt: skip
"""How the variables of any connection end, whatever its `env_prefix` is."""

SETTINGS = Path(__file__).resolve().parents[2] / "dagster.yaml"


@dataclass(frozen=True)
class Made:
    """How the folder's data was made."""

    seed: int
    records: int
    start: str
    """The first partition's day."""


@dataclass(frozen=True)
class DemoFolder:
    """The places in the demo's folder."""

    root: Path

    @property
    def marker(self) -> Path:
        return self.root / MARKER

    @property
    def org_file(self) -> Path:
        return self.root / "org" / "org.duckdb"

    @property
    def events(self) -> Path:
        return self.root / "events"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def dagster_home(self) -> Path:
        return self.root / "dagster_home"

    @property
    def workspace(self) -> Path:
        return self.dagster_home / "workspace.yaml"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Makes the folder where there is none, and keeps other demos out of it until the end of the block.

        What the block makes, in processes that it starts as well, is private. Raises FolderRefused where the folder
        holds what the demo did not make, cannot be written, or is in use.
        """
        from sf_elt.warehouse.private import private_files

        with private_files(), self._locked():
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            if self.root.exists() and any(self.root.iterdir()) and not self.marker.exists():
                raise FolderRefused(
                    f"{self.root} is not empty and was not made by the demo, so it is left alone: name another --folder"
                )
            self.root.mkdir(parents=True, exist_ok=True)
            marker = self.marker.open("a", encoding="utf-8")
        except OSError as error:
            raise FolderRefused(f"{self.root} cannot be used: {error.strerror}. Name another --folder") from error
        with marker:
            try:
                fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderRefused(
                    f"{self.root} is in use by another `sf-elt demo` or `dev`: stop that, or name another --folder"
                ) from None
            yield

    def make_anew(self, *, seed: int, records: int, keep_org: bool, now: datetime) -> Made:
        """Empties the claimed folder. An org that is kept keeps its seed and its records."""
        kept = {MARKER}
        if keep_org and self.org_file.exists():
            kept = {MARKER, self.org_file.parent.name}
            seed, records = self.made().seed, self.made().records
        for each in self.root.iterdir():
            if each.name not in kept:
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
        made = Made(seed, records, _start(now).isoformat())
        self.marker.write_text(json.dumps(asdict(made)) + "\n", "utf-8")
        self.write_dagster_home(captures_output=False)
        return made

    def made(self) -> Made:
        """How this folder was made. Raises DemoError where it was not."""
        try:
            return Made(**json.loads(self.marker.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise DemoError(
                f"{self.root} holds no demo data yet, or unreadable one: run `sf-elt demo` ({error})"
            ) from None

    def environment(self, details: "Details") -> dict[str, str]:
        """The variables with which the deployment runs on this folder and on the demo org."""
        return {
            "DAGSTER_HOME": str(self.dagster_home.resolve()),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "SF_ELT_DATA": str(self.warehouse.resolve()),
            "SF_ELT_EVENTS": str(self.events.resolve()),
            "SF_ELT_LOGINS": str((self.root / "logins").resolve()),  # not those of a real org
            "SF_ELT_START": self.made().start,
            "SF_ELT_WRITE_BACK": "true",
            "SALESFORCE_INSTANCE_URL": details.instance_url,
            "SALESFORCE_LOGIN_URL": details.instance_url,
            "SALESFORCE_USERNAME": details.username,
            "SALESFORCE_PASSWORD": details.password,
            "SALESFORCE_SECURITY_TOKEN": details.security_token,
        }

    def write_dagster_home(self, *, captures_output: bool) -> None:
        """The project's dagster.yaml, with its state in this folder.

        What a step prints is captured by four processes a step. The demo's own runs print nothing and do without.
        """
        settings = yaml.safe_load(SETTINGS.read_text("utf-8"))
        home = self.dagster_home.resolve()
        settings["storage"]["sqlite"]["base_dir"] = str(home / "storage")
        settings["local_artifact_storage"]["config"]["base_dir"] = str(home)
        settings["compute_logs"]["config"]["base_dir"] = str(home / "compute_logs")
        if not captures_output:
            settings["compute_logs"] = NOTHING_CAPTURED
        home.mkdir(parents=True, exist_ok=True)
        (home / "dagster.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
        location = {"python_module": {"module_name": "sf_elt.definitions", "location_name": "sf_elt"}}
        self.workspace.write_text(yaml.safe_dump({"load_from": [location]}), "utf-8")


def only(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these variables, and none of a connection: a real org's never leak in."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith(_OF_CONNECTIONS)}
    return {**kept, **variables}


def _start(now: datetime) -> date:
    return (now.astimezone(UTC) - timedelta(days=DAYS)).date()
