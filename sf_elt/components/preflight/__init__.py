"""What imports and exports need of their org, tested before they run: `sf-elt check`, and a check of each stream.

run        the tests of one connection, in order
org        versions, clock, limits
objects    objects, fields, timestamps and sharing of streams and exports
findings   what was found: for the terminal, for programs, for the UI
checks     the same as an asset check of each stream
"""

from sf_elt.components.preflight.findings import MARKS, Finding, Preflight
from sf_elt.components.preflight.run import preflight

__all__ = ["MARKS", "Finding", "Preflight", "preflight"]
