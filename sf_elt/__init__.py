"""Salesforce in, unified profiles and audiences, Salesforce out.

from sf_elt import open_warehouse

open_warehouse().table("salesforce_leads")  # a pandas DataFrame
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sf_elt.warehouse import open_warehouse

__all__ = ["open_warehouse"]


def __getattr__(name: str) -> object:
    """Imports the warehouse only where it is asked for: most commands start without it."""
    if name != "open_warehouse":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sf_elt.warehouse import open_warehouse

    return open_warehouse
