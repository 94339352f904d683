"""The warehouse's folder: whose it is, who else can enter, room on its disk, who holds it, what is left over."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sf_elt.components.doctor.settings import mode_of, owner_of
from sf_elt.components.preflight.findings import Finding
from sf_elt.components.preflight.run import LITTLE_ROOM
from sf_elt.components.status import Status
from sf_elt.counting import count, in_bytes
from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.holders import Holder, holders
from sf_elt.warehouse.place import NAMED_BY as DATA
from sf_elt.warehouse.private import OTHERS
from sf_elt.warehouse.writable import free_bytes

NEEDED = 2.2
"""So many times the warehouse's size has to be free for its copies: docs/recovery.md."""

_WHO_SWEEPS = "Dagster's daemon removes them within the hour, and so does the next import: start it."
LONGEST_READ = timedelta(days=1)
"""A read of which nothing has landed for so long goes on no more, however short a time it is kept."""


def is_anothers(warehouse: Warehouse) -> bool:
    """Whether the folder belongs to another user, who could not write to the files that we would make in it."""
    return warehouse.root.is_dir() and warehouse.root.stat().st_uid != os.geteuid()


def about_data(warehouse: Warehouse, status: Status, now: datetime) -> Iterator[Finding]:
    """In the order in which they matter. Of a folder that is not there, or is closed to us, that alone is said."""
    if not warehouse.root.is_dir():
        yield _not_there(warehouse)
        return
    yield _folder(warehouse)
    if not os.access(warehouse.root, os.R_OK | os.X_OK, effective_ids=True):
        return
    yield _opens(warehouse, status)
    yield _room(warehouse)
    yield from _locks(warehouse)
    yield _landing(warehouse, now)


def _not_there(warehouse: Warehouse) -> Finding:
    """Whether the first import can make it: what is there of its path is a folder, and writable."""
    root = warehouse.root.absolute()
    there = next(path for path in (root, *root.parents) if path.exists())
    if not there.is_dir():
        says = f"{warehouse.root} cannot be made: {there} is a file"
        return Finding("data", "folder", "problem", says, f"Move the file away, or let {DATA} name another folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        says = f"{warehouse.root} cannot be made: {there} belongs to {owner_of(there)}, and you may not write there"
        return Finding("data", "folder", "problem", says, f"Let this user write to {there}, or set {DATA}.")
    return Finding("data", "folder", "ok", f"there is no {warehouse.root} yet: the first import makes it")


def _folder(warehouse: Warehouse) -> Finding:
    """For its owner only, all of it: personal data of everybody is in there."""
    root = warehouse.root
    if is_anothers(warehouse):
        says = f"{root} belongs to {owner_of(root)}, and you are somebody else"
        return Finding("data", "folder", "problem", says, f"Run this as {owner_of(root)}, who runs Dagster.")
    open_ones = [(path, found) for path, found in ((root, root.stat()), *_inside(root)) if found.st_mode & OTHERS]
    if open_ones:
        path, found = open_ones[0]
        says = f"others can get at personal data: {path} has mode {mode_of(found)}"
        more = f", and {len(open_ones) - 1} more" if len(open_ones) > 1 else ""
        return Finding("data", "folder", "problem", says + more, f"chmod -R go= {root}")
    return Finding("data", "folder", "ok", f"{root} is {owner_of(root)}'s alone")


def _inside(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files and folders that are still there when they are asked about: runs make and remove some meanwhile. Not links:
    they say nothing by their own mode.
    """
    for place, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(place) / name
            with suppress(FileNotFoundError):
                found = path.lstat()
                if not stat.S_ISLNK(found.st_mode):
                    yield path, found


def _opens(warehouse: Warehouse, status: Status) -> Finding:
    """As it was read a moment ago."""
    says = status.of_warehouse
    match status.warehouse:
        case "read":
            size = warehouse.file.stat().st_size / (1 << 20)
            return Finding("data", "warehouse", "ok", f"{warehouse.file} opens, {size:,.0f} MiB")
        case "empty":
            return Finding("data", "warehouse", "warning", says, "Materialize an import in Dagster's UI.")
        case "a run is writing":
            return Finding("data", "warehouse", "warning", says, "Look again when it has ended: `sf-elt status`.")
        case "outdated":
            return Finding("data", "warehouse", "warning", says, "Materialize any asset.")
        case "another version":
            to_do = "After an update: materialize any asset. Otherwise update this sf_elt, which may be the older one."
            return Finding("data", "warehouse", "warning", says, to_do)
        case "foreign":
            to_do = f"Move it away, or let {DATA} name a folder of sf_elt's own."
            return Finding("data", "warehouse", "problem", says, to_do)
        case "unreadable":
            return Finding("data", "warehouse", "problem", says, "Put a backup in its place: docs/recovery.md.")


def _room(warehouse: Warehouse) -> Finding:
    free = free_bytes(warehouse)
    size = warehouse.file.stat().st_size if warehouse.file.exists() else 0
    says = f"{in_bytes(free)} are free on the disk of {warehouse.root}"
    if free < size or free < LITTLE_ROOM // 10:
        return Finding("data", "disk", "problem", says, "Free disk space: the next run could end in WarehouseFull.")
    if free < max(LITTLE_ROOM, NEEDED * size):
        return Finding("data", "disk", "warning", says, "Free disk space before it is short.")
    return Finding("data", "disk", "ok", says)


def _locks(warehouse: Warehouse) -> Iterator[Finding]:
    held = holders(warehouse)
    if held is None:
        yield Finding("data", "locks", "ok", "this system does not say which process holds which file")
        return
    if not held:
        yield Finding("data", "locks", "ok", "no process holds the warehouse")
    for each in held:
        yield Finding("data", "locks", "warning", _told(each), _what_to_do(each, warehouse))


def _told(holder: Holder) -> str:
    how = "writes to" if holder.writes else "reads"
    return f"process {holder.pid} ({holder.program or 'of another user'}) {how} {holder.file} now"


def _what_to_do(holder: Holder, warehouse: Warehouse) -> str:
    if holder.file != warehouse.file:
        return "A run is at work; wait for its end."
    return (
        "If that is a run, wait for its end; a notebook or a shell should close its connection."
        if holder.writes
        else "A notebook or a shell should close its connection when it does not need it: docs/analysts.md."
    )


def _landing(warehouse: Warehouse, now: datetime) -> Finding:
    """Bytes of reads that did not come to their end, or go on now."""
    kept = max(warehouse.keep_landed, LONGEST_READ)
    latest: dict[Path, float] = {}
    size = 0
    for folder in warehouse.landings():
        for path, found in _inside(folder):
            if path.parent == folder and not stat.S_ISDIR(found.st_mode):
                continue
            read = folder / path.relative_to(folder).parts[0]
            latest[read] = max(latest.get(read, 0), found.st_mtime)
            size += found.st_size if stat.S_ISREG(found.st_mode) else 0
    old = [read for read, at in latest.items() if at < now.timestamp() - kept.total_seconds()]
    if old:
        left = count(len(old), "folder")
        days = f"{kept / timedelta(days=1):g} {'day' if kept == LONGEST_READ else 'days'}"
        says = f"reads that broke off more than {days} ago have left {left}, {old[0]} first"
        return Finding("data", "landing", "warning", says, _WHO_SWEEPS)
    return Finding("data", "landing", "ok", f"{size / (1 << 20):,.0f} MiB of unfinished reads wait in landing/")


def waiting_little(warehouse: Warehouse) -> Warehouse:
    """The same warehouse for who only looks."""
    return replace(warehouse, wait_seconds=2.0)
