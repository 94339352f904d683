"""What several rows of one person say becomes one value of a user field.

operators   partial aggregates of each stream, combined
by_value    counts of values, and sets that keep their newest values only
"""
