"""What the parts of one compilation share: the schema, the moment, the values of the SQL's parameters."""

from dataclasses import dataclass, field
from datetime import datetime

from sf_elt.demo_org.errors import NO_SUCH_TYPE, SoqlError
from sf_elt.demo_org.schema import Schema
from sf_elt.demo_org.soql.ast import Operand, Path, Query
from sf_elt.demo_org.soql.parse import pointing_at


@dataclass
class Context:
    """One per compiled text. `parameters` fill as SQL is made: its `$1`, `$2`, … stand in any order."""

    schema: Schema
    text: str
    now: datetime
    include_deleted: bool
    user_id: str | None
    parameters: list[object] = field(default_factory=list)
    _sources: int = 0

    def parameter(self, value: object) -> str:
        """Where the value goes in the SQL."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def source(self, kind: str) -> str:
        """A new alias for a table."""
        self._sources += 1
        return f"{kind}_{self._sources}"

    def refusal(self, at: Operand | Query, code: str, message: str) -> SoqlError:
        """The error with the place in the query that it is about."""
        return SoqlError(code, pointing_at(self.text, at.line, at.column, message))

    def no_such_object(self, at: Path | Query) -> SoqlError:
        name = at.object_name if isinstance(at, Query) else str(at)
        return self.refusal(at, "INVALID_TYPE", NO_SUCH_TYPE.format(name))
