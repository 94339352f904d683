"""Names in SQL text. Values are parameters always; a name cannot be one, so it is quoted here and nowhere else."""


def quote(name: str) -> str:
    """The name as a quoted SQL identifier: ``Ann"s`` becomes ``"Ann""s"``.

    Raises ValueError for a name that no table or column can have.
    """
    if not name or "\0" in name:
        raise ValueError(f"not a name for a table or column: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_table(schema: str, table: str) -> str:
    """``schema.table``, both quoted."""
    return f"{quote(schema)}.{quote(table)}"
