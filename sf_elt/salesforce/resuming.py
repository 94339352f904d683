"""How far a download has come, kept beside its pages so that a later run can go on from there."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel

STATE = "download.json"


class Begun(BaseModel):
    """A download that was begun in a folder: of what, and which of its pages have landed."""

    soql: str
    include_deleted: bool
    api_version: str  # locators are read with the version that made them
    pages: list[str] = []

    @classmethod
    def in_folder(cls, folder: Path, soql: str, include_deleted: bool, api_version: str) -> Self | None:
        """The download of this very query that the folder holds, or None."""
        file = folder / STATE
        if not file.exists():
            return None
        begun = cls.model_validate_json(file.read_bytes())
        asked = (soql, include_deleted, api_version)
        return begun if (begun.soql, begun.include_deleted, begun.api_version) == asked else None

    def keep(self, folder: Path) -> None:
        """Writes it down, whole or not at all."""
        part = folder / f"{STATE}.part"
        part.write_text(self.model_dump_json(), "utf-8")
        part.rename(folder / STATE)

    def files(self, folder: Path) -> tuple[Path, ...]:
        """The pages that have landed, in order."""
        return tuple(folder / name for name in self.pages)
