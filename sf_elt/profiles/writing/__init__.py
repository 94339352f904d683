"""The tables that stand: their columns follow the mapping, their rows the build.

tables   what a build changes in them
"""
