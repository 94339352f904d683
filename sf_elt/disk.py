"""Disks that are full, and folders that are not ours: how a system says so, and what a message tells of it."""

import errno
import os
import pwd
import shutil
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def is_full(error: BaseException) -> bool:
    """Whether a write found no room."""
    return isinstance(error, OSError) and error.errno in _FULL


def is_closed(error: BaseException) -> bool:
    """Whether this user may not write there, or nobody may."""
    return isinstance(error, OSError) and error.errno in _CLOSED


def free_room(path: Path) -> str:
    """How much is free where the path is, or would be, as a sentence; nothing where the system does not say."""
    try:
        there = next(each for each in (path, *path.absolute().parents) if each.exists())
        return f"{shutil.disk_usage(there).free / 1e6:,.0f} MB are free on its disk. "
    except OSError:
        return ""


def wanted_owner(path: Path) -> str:
    """The user who runs this, and whose the path, or the nearest folder above it, is instead: `nobody and not root`."""
    for each in (path, *path.absolute().parents):
        try:
            owner = each.stat().st_uid
        except OSError:
            continue
        return whoever() if owner == os.geteuid() else f"{whoever()} and not {user_name(owner)}"
    return whoever()


def whoever() -> str:
    """The user who runs this."""
    return user_name(os.geteuid())


def user_name(number: int) -> str:
    """The user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
