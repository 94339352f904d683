"""Names and texts in SQL. Values are parameters; what cannot be one is quoted here and nowhere else."""


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


def quote_text(text: str) -> str:
    """The text as SQL has it, for statements that take no parameters: ``Ann's`` becomes ``'Ann''s'``."""
    return "'" + text.replace("'", "''") + "'"
