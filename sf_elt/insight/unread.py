"""Topics that conditions ask for and nobody has read about: a slip perhaps, or a page that is still to be written."""

from collections.abc import Iterable

import duckdb

from sf_elt.insight.definitions import Definition
from sf_elt.profiles.sql import statement
from sf_elt.salesforce import did_you_mean


def unread_topics(connection: duckdb.DuckDBPyConnection, definitions: Iterable[Definition]) -> dict[str, list[str]]:
    """Audience → a sentence for each topic in its condition to which nobody has an affinity."""
    asked = {each.name: topics for each in definitions if (topics := each.condition.topics)}
    if not asked:
        return {}
    connection.execute(statement("topic_key", package="sf_elt.insight.affinity"))
    found = connection.execute(
        "SELECT topic_key(topic), topic FROM (SELECT DISTINCT topic FROM insight.affinities)"
    ).fetchall()
    read = {str(key): str(topic) for key, topic in found}
    unread = {name: [topic for topic in topics if topic not in read] for name, topics in asked.items()}
    return {
        name: [f"nobody has an affinity to `{topic}`{did_you_mean(topic, read.values())}" for topic in topics]
        for name, topics in unread.items()
        if topics
    }
