"""Links and unlinks by hand.

lists   pairs of identifiers, from YAML and CSV
pairs   the lists held against the mapping and the rows: checked, joined, or waiting
"""
