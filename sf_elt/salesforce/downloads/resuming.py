"""How far a download has come, kept beside its pages so that a later run can go on from there."""

from pathlib import Path
from typing import Self, TypeVar

from pydantic import BaseModel, ValidationError

STATE = "download.json"

_Kept = TypeVar("_Kept", bound=BaseModel)


def keep(file: Path, what: BaseModel) -> None:
    """Writes it down, whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(what.model_dump_json(), "utf-8")
    part.rename(file)


def kept(file: Path, kind: type[_Kept]) -> _Kept | None:
    """What was written down there; None where nothing was, or it cannot be made out any more."""
    try:
        return kind.model_validate_json(file.read_bytes()) if file.exists() else None
    except ValidationError:  # of another version of this program, or after a power cut
        return None


class BegunDownload(BaseModel):
    """A download that was begun in a folder, and of what. Its locators are read with the version that made them."""

    soql: str
    include_deleted: bool
    api_version: str

    @classmethod
    def in_folder(cls, folder: Path, soql: str, include_deleted: bool) -> Self | None:
        """The download of this very query that the folder holds, or None."""
        begun = kept(folder / STATE, cls)
        return begun if begun is not None and (begun.soql, begun.include_deleted) == (soql, include_deleted) else None

    def keep(self, folder: Path) -> None:
        """Writes it down, whole or not at all."""
        keep(folder / STATE, self)
