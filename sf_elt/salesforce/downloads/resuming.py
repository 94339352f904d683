"""How far a download has come, kept beside its pages so that a later run can go on from there."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ValidationError

STATE = "download.json"


class Begun(BaseModel):
    """A download that was begun in a folder, and of what. Its locators are read with the version that made them."""

    soql: str
    include_deleted: bool
    api_version: str

    @classmethod
    def in_folder(cls, folder: Path, soql: str, include_deleted: bool) -> Self | None:
        """The download of this very query that the folder holds, or None."""
        file = folder / STATE
        if not file.exists():
            return None
        try:
            begun = cls.model_validate_json(file.read_bytes())
        except ValidationError:  # of an earlier version of this program
            return None
        return begun if (begun.soql, begun.include_deleted) == (soql, include_deleted) else None

    def keep(self, folder: Path) -> None:
        """Writes it down, whole or not at all."""
        part = folder / f"{STATE}.part"
        part.write_text(self.model_dump_json(), "utf-8")
        part.rename(folder / STATE)
