"""How fast, how large and how dear in API calls an import is, and how fast profiles and scores are made.

`make bench` measures and writes docs/speed.md.
"""
