"""What the org last said of its objects, kept beside the warehouse for what must ask nobody: loading the YAML.

    kept = kept_describes(warehouse.root, "SALESFORCE_", login)
    org.noted = kept.keep                   # whatever is described over this connection
    kept.read("Lead")                       # None where the org has not been asked yet

A file for each object, of each connection: names and kinds of fields, no record and no secret. A file that is torn or
odd is as good as none.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from sf_elt.plain_file import read_file
from sf_elt.salesforce import ObjectDescribe
from sf_elt.salesforce.matching import why_no_matcher
from sf_elt.warehouse.private import private_files, replacing

if TYPE_CHECKING:
    from sf_elt.salesforce import Login

log = logging.getLogger(__name__)

FOLDER = "described"
_OF_FIELDS = {"name", "type", "label", "length", "filterable", "createable", "updateable", "externalId", "unique"}


class Kept(BaseModel):
    """An object as the org described it at that time; `whose` tells whose view of which org it is, and not who.

    `lost` are fields that records could be found by once, and cannot any more: the org has changed, not the YAML.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    whose: str
    asked_at: AwareDatetime
    described: ObjectDescribe
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeptDescribes:
    """The files of one connection. `whose` is empty where it is not known who would log in: any view will do then."""

    folder: Path
    whose: str

    def keep(self, described: ObjectDescribe) -> None:
        """Puts it in the place of what was kept of the object, in one step. Where that cannot be done, it warns."""
        fields = [each.model_dump(include=_OF_FIELDS) for each in described.fields]
        whole = {"name": described.name, "fields": fields}
        lost = sorted(_lost(self.read(described.name), described))
        kept = {"whose": self.whose, "asked_at": datetime.now(UTC), "described": whole, "lost": lost}
        try:
            with private_files():
                self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._file(described.name)) as part:
                part.write_bytes(orjson.dumps(kept))
        except OSError as error:
            log.warning("what the org says of %s is not kept in %s: %s", described.name, self.folder, error.strerror)

    def read(self, object_name: str) -> Kept | None:
        """What was kept of the object; None where nothing was, where it cannot be read, or where another asked."""
        try:
            kept = Kept.model_validate_json(read_file(self._file(object_name)))
        except (OSError, ValidationError):
            return None
        is_it = kept.described.name.casefold() == object_name.casefold()
        return kept if is_it and (not self.whose or kept.whose == self.whose) else None

    def _file(self, object_name: str) -> Path:
        """Names that are none of an object, with a `/` say, are of a file that is never there."""
        name = object_name.casefold() if object_name.isidentifier() else "-"
        return self.folder / f"{name}.json"


def _lost(before: Kept | None, now: ObjectDescribe) -> Iterator[str]:
    if before is None:
        return
    for field in now.fields:
        known = before.described.by_name.get(field.name)
        could = field.name in before.lost or (known is not None and not why_no_matcher(known))
        if could and why_no_matcher(field):
            yield field.name


def kept_describes(root: Path, env_prefix: str, login: "Login | None") -> KeptDescribes:
    """Those of a connection in the folder of a warehouse."""
    place = "" if login is None else login.instance_url or (login.username and f"{login.username} {login.login_url}")
    whose = sha256(place.casefold().encode()).hexdigest() if place else ""
    return KeptDescribes(root / FOLDER / env_prefix.strip("_").lower(), whose)
