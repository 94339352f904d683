"""Audience conditions: SQL expressions that are parsed and checked before DuckDB sees them.

condition = parse_condition("salesforce_lead_status = 'Open' and created_at > now() - interval 7 days", columns)
condition.sql(now)      # the checked text, with now in place of now()
parse_condition("in_audience('Loyal') and recency < 40", columns, ["Loyal"]).audiences      # ("Loyal",)
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import md5

from sqlglot import exp

from sf_elt.insight.affinity.asked import AFFINITY, faults_of_affinity, looked_up, topics_looked_up
from sf_elt.profiles.mapping.expressions import (
    CONDITION,
    MAX_LENGTH,
    ExpressionRefused,
    Faults,
    Replacement,
    expression_sql,
    is_now,
    parse_expression,
)
from sf_elt.salesforce import did_you_mean

__all__ = ["AUDIENCES_COLUMN", "MAX_LENGTH", "Condition", "ConditionRefused", "evaluated_sql", "parse_condition"]

IN_AUDIENCE = "in_audience"
"""The function that says whether the profile is in another audience: in_audience('Frequent visitors')."""

AUDIENCES_COLUMN = "in audiences"
"""What that function reads: a list of names. A user field's name has no space in it, so none can be called this."""

ConditionRefused = ExpressionRefused
"""A condition is not an expression that may be evaluated. `problems` has one sentence for each fault."""


@dataclass(frozen=True)
class Condition:
    """A checked condition. `text` is its canonical SQL: two ways to write the same expression give the same text."""

    text: str
    expression: exp.Expr

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences that it refers to, by name."""
        return tuple(sorted({_referred(node) for node in self.expression.walk() if _is_in_audience(node)}))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields and scores that it uses, in the order in which they stand there."""
        columns = sorted(self.expression.find_all(exp.Column), key=lambda column: self.text.find(column.sql("duckdb")))
        return tuple(dict.fromkeys(column.name for column in columns))

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that it asks for, in lower case."""
        return topics_looked_up(self.expression)

    def fingerprint(self, of_audiences: Mapping[str, str]) -> str:
        """The same for the same definition. `of_audiences` has the fingerprints of the audiences that it refers to."""

        def told_by_definition(node: exp.Expr) -> exp.Expr:
            if _is_in_audience(node) and _referred(node) in of_audiences:
                return exp.func(IN_AUDIENCE, exp.Literal.string(of_audiences[_referred(node)]))
            return node

        text = expression_sql(self.expression.transform(told_by_definition))
        return md5(text.encode(), usedforsecurity=False).hexdigest()

    def sql(self, now: datetime) -> str:
        """The condition as SQL for DuckDB, with this time for now() and today(); see evaluated_sql."""
        return evaluated_sql(self.expression, now)


def parse_condition(text: str, columns: Collection[str], audiences: Collection[str] = ()) -> Condition:
    """Checks that `text` is one expression over these columns, of accepted operators and functions.

    It may refer to these audiences. Raises ConditionRefused, with all faults found.
    """
    functions = {IN_AUDIENCE: _known_among(audiences), AFFINITY: faults_of_affinity}
    tree = parse_expression(text, columns, replace(CONDITION, functions=functions)).tree.transform(looked_up)
    return Condition(expression_sql(tree), tree)


def evaluated_sql(expression: exp.Expr, now: datetime) -> str:
    """A condition, or a part of one, as SQL for DuckDB, with `now` for now() and its day in UTC for today().

    in_audience reads the column `in audiences`, the list of the profile's; without one the profile is in none.
    """
    return expression_sql(expression.transform(_at(now)).transform(_membership))


def _known_among(audiences: Collection[str]) -> Faults:
    def faults(node: exp.Expr) -> Iterator[str]:
        match node.expressions:
            case [exp.Literal(is_string=True) as name]:
                if name.name not in audiences:
                    yield f"there is no audience `{name.name}`{did_you_mean(name.name, audiences)}"
            case _:
                yield f"{IN_AUDIENCE} takes the name of one audience in single quotes: {IN_AUDIENCE}('Loyal')"

    return faults


def _is_in_audience(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == IN_AUDIENCE


def _referred(node: exp.Expr) -> str:
    return str(node.expressions[0].name)


def _membership(node: exp.Expr) -> exp.Expr:
    """Whether the audience is among the profile's: true or false, never null."""
    if not _is_in_audience(node):
        return node
    held = exp.column(exp.to_identifier(AUDIENCES_COLUMN, quoted=True))
    return exp.func(
        "coalesce", exp.ArrayContains(this=held, expression=exp.Literal.string(_referred(node))), exp.false()
    )


def _at(now: datetime) -> Replacement:
    """Puts the time of evaluation in place of now() and today()."""
    time = now.astimezone(UTC)

    def replaced(node: exp.Expr) -> exp.Expr:
        if is_now(node):
            return exp.cast(exp.Literal.string(time.strftime("%Y-%m-%d %H:%M:%S.%f")), "timestamp")
        if isinstance(node, exp.CurrentDate):
            return exp.cast(exp.Literal.string(time.strftime("%Y-%m-%d")), "date")
        return node

    return replaced
