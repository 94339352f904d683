"""Several questions to the warehouse at once, of which one that fails keeps nobody from the others' answers."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from duckdb import DuckDBPyConnection

from sf_elt.warehouse.connection import Warehouse

Answer = TypeVar("Answer")


def answers(
    warehouse: Warehouse, questions: Mapping[str, Callable[[DuckDBPyConnection], Answer]]
) -> tuple[dict[str, Answer], dict[str, Exception]]:
    """The answers by name, asked on one short connection; and why others have none, all of them where none was had.

    For what is only shown beside work that is done: that it cannot be shown is no failure of the work.
    """
    answered: dict[str, Answer] = {}
    failed: dict[str, Exception] = {}
    try:
        with warehouse.read() as connection:
            for name, question in questions.items():
                try:
                    answered[name] = question(connection)
                except Exception as error:
                    failed[name] = error
    except Exception as error:  # of the file, which is not there yet or which somebody holds
        failed[", ".join(name for name in questions if name not in answered and name not in failed)] = error
    return answered, failed
