"""Audience conditions: SQL expressions that are parsed and checked before DuckDB sees them.

condition = parse_condition("salesforce_lead_status = 'Open' and created_at > now() - interval 7 days", columns)
condition.sql(now)      # the checked text, with now in place of now()
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5

from sqlglot import exp

from sf_elt.profiles.expressions import (
    CONDITION,
    MAX_LENGTH,
    ExpressionRefused,
    Replacement,
    expression_sql,
    is_now,
    parse_expression,
)

__all__ = ["MAX_LENGTH", "Condition", "ConditionRefused", "parse_condition"]

ConditionRefused = ExpressionRefused
"""A condition is not an expression that may be evaluated. `problems` has one sentence for each fault."""


@dataclass(frozen=True)
class Condition:
    """A checked condition. `text` is its canonical SQL: two ways to write the same expression give the same text."""

    text: str
    expression: exp.Expression

    @property
    def fingerprint(self) -> str:
        return md5(self.text.encode(), usedforsecurity=False).hexdigest()

    def sql(self, now: datetime) -> str:
        """The condition as SQL for DuckDB, with this time for now() and today()."""
        return expression_sql(self.expression.transform(_at(now)))


def parse_condition(text: str, columns: Collection[str]) -> Condition:
    """Checks that `text` is one expression over these columns, of accepted operators and functions.

    Raises ConditionRefused, with all faults found.
    """
    checked = parse_expression(text, columns, CONDITION)
    return Condition(checked.text, checked.tree)


def _at(now: datetime) -> Replacement:
    """Puts the time of evaluation in place of now() and today()."""
    time = now.astimezone(UTC)

    def replaced(node: exp.Expression) -> exp.Expression:
        if is_now(node):
            return exp.cast(exp.Literal.string(time.strftime("%Y-%m-%d %H:%M:%S.%f")), "timestamp")
        if isinstance(node, exp.CurrentDate):
            return exp.cast(exp.Literal.string(time.strftime("%Y-%m-%d")), "date")
        return node

    return replaced
