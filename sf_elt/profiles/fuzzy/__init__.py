"""Links between records that share no identifier and are probably one person: Splink's, off by default.

finding   finds the pairs, and keeps them
links     pairs that are probable enough, as links of a build
model     learns what an agreement says, gives each pair a probability
options   what is compared, and what is wrong with it
records   the records that are compared, their values written alike
ways      which pairs of them are compared, and how many those are
"""
