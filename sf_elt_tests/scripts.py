"""A few lines of Python for a process of its own: Popen(script(CODE, file))."""

import sys


def script(code: str, *arguments: object) -> list[str]:
    """The command that runs them. They take themselves for a file's: to what it takes for typed, DuckDB shows how far
    it is, on the output that a test reads, where a query takes longer than two seconds.
    """
    return [sys.executable, "-c", f"__file__ = 'script'\n{code}", *map(str, arguments)]
