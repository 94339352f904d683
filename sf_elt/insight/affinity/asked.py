"""What conditions ask of affinities: affinity('Pricing') > 0.5, whatever the letter case in which events write it."""

from collections.abc import Iterator
from functools import cache

import duckdb
from sqlglot import exp

from sf_elt.profiles.sql import statement

AFFINITY = "affinity"
"""The function: the profile's affinity to a topic, null where it has none."""

AFFINITIES = "affinities"
"""The column that it reads: a map from each topic's key to the affinity."""


def faults_of_affinity(call: exp.Expr) -> Iterator[str]:
    """What is wrong with a call of the function."""
    match call.expressions:
        case [exp.Literal(is_string=True) as topic] if topic_key(topic.name):
            return
        case _:
            yield f"{AFFINITY} takes one topic in single quotes: {AFFINITY}('Pricing')"


def looked_up(node: exp.Expr) -> exp.Expr:
    """In place of a call of the function, what it reads: affinities['pricing']. Any other node as it is."""
    if not (isinstance(node, exp.Anonymous) and node.name.lower() == AFFINITY):
        return node
    affinities = exp.column(exp.to_identifier(AFFINITIES, quoted=True))
    return exp.Bracket(this=affinities, expressions=[exp.Literal.string(topic_key(node.expressions[0].name))])


def topics_looked_up(expression: exp.Expr) -> tuple[str, ...]:
    """The keys of the topics that an expression reads, each once."""
    found = (
        each.expressions[0].name
        for each in expression.find_all(exp.Bracket)
        if each.this.name == AFFINITIES and isinstance(each.expressions[0], exp.Literal)
    )
    return tuple(dict.fromkeys(found))


@cache
def topic_key(topic: str) -> str:
    """What all spellings of a topic have in common: the key under which insight.interests has its affinity."""
    with duckdb.connect() as connection:
        connection.execute(statement("topic_key", package=__package__))
        ((key,),) = connection.execute("SELECT topic_key(?)", [topic]).fetchall()
    return str(key)
