"""The SQL files beside the modules that run them."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of a `.sql` file of this room."""
    return files("sf_elt.streams").joinpath(name).read_text("utf-8")
