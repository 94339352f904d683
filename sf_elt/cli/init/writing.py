"""Files that are written all or not at all, in the place of what was read before."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sf_elt.cli.init.answers import AnswersRefused
from sf_elt.cli.init.planning import Change
from sf_elt.cli.init.standing import text_of


def write_changes(changes: Sequence[Change]) -> None:
    """Writes each new text beside its file; when all are there, they take their places, and keep the files' modes.

    A link stays one: what it leads to is written. Raises OSError, and AnswersRefused where a file is no longer as it
    was read; nothing is left behind then.
    """
    for each in changes:
        if (text_of(each.file) if each.file.exists() else None) != each.before:
            raise AnswersRefused(f"{each.file}: somebody has changed it meanwhile; run it again")
    beside = {(file := each.file.resolve()): file.with_name(f".{file.name}.new") for each in changes}
    made, begun = list[Path](), list[Path]()
    try:
        for each, (file, new) in zip(changes, beside.items(), strict=True):
            made += _make_folder(file.parent)
            begun.append(new)
            new.write_text(each.after, "utf-8")
            if file.exists():
                shutil.copymode(file, new)
    except BaseException:
        for new in begun:
            new.unlink(missing_ok=True)
        for folder in reversed(made):
            folder.rmdir()
        raise
    for file, new in beside.items():
        new.replace(file)


def _make_folder(folder: Path) -> list[Path]:
    """Makes it with what is missing above it; gives what was made, from above."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
