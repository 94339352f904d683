"""By what the members of an audience are known: all of their e-mail addresses, say. These are personal data."""

import duckdb

from sf_elt.insight.errors import UnknownName
from sf_elt.insight.evaluating import run_sql
from sf_elt.insight.subjects import require_profiles
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote

_OF_TYPE = {"VARCHAR": "CASE WHEN {0} IS NULL THEN [] ELSE [{0}] END", "VARCHAR[]": "coalesce({0}, [])"}


def members_known_by(connection: duckdb.DuckDBPyConnection, audience: str, field: str) -> list[tuple[str, ...]]:
    """The texts of a user field of each member, as last evaluated: the profile's own, and others that identify it.

    Members come in the order of their profile ids, those without a value with none. Raises ProfilesMissing, and
    UnknownName, with the nearest that there is, for an audience that was not evaluated or a field that is no text.
    """
    require_profiles(connection)
    audiences = [str(name) for (name,) in connection.execute("SELECT audience FROM insight.audiences").fetchall()]
    if audience not in audiences:
        raise UnknownName(f"there is no audience {audience!r} that was evaluated{did_you_mean(audience, audiences)}")
    described = connection.execute("DESCRIBE profiles.profiles").fetchall()
    texts = {str(name): str(kind) for name, kind, *_ in described if kind in _OF_TYPE and name != "profile_id"}
    if field not in texts:
        raise UnknownName(f"the profiles have no user field {field!r} that is text{did_you_mean(field, texts)}")
    own = _OF_TYPE[texts[field]].format(f"profile.{quote(field)}")
    rows = run_sql(connection, "known_by", {"audience": audience, "field": field}, own=own).fetchall()
    return [tuple(dict.fromkeys(held)) for (held,) in rows]
