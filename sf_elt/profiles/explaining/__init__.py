"""Why a profile is what it is: its rows, by which identifiers, and whose value won each field.

explaining   one profile, explained
"""
