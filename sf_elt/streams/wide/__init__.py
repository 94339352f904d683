"""Objects too wide for one query: read in groups of columns, joined by Id.

reading.py    read_wide: a job for each group, then the join
groups.py     which columns go together; whether that is needed
parts.py      the join, of rows that are of one version in every group
rereading.py  the other rows, read again by Id
"""

from sf_elt.streams.wide.groups import column_groups, is_wide
from sf_elt.streams.wide.reading import read_wide

__all__ = ["column_groups", "is_wide", "read_wide"]
