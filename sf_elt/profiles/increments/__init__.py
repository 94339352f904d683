"""What a build reads again, and why the rest may stay.

changes      which rows changed, held against what the last build read
affected     which profiles they can touch, and the records those are made from
last_build   what the last build was made from: whether the next can go on from there
"""
