"""Which rows belong to one person, and the id that the person keeps.

joining    connected components over the identifiers that rows share
guards     values that never join rows, and how many identifiers one profile may hold
overfull   joining link by link where a group would hold too much
ids        a component keeps the oldest id that its identifiers had; merged ids are aliases
"""
