"""A person taken out of every table and file, and kept out of what comes later.

erasing   the request: what it would take away, and its three steps
linking   which rows and identifiers are a person's
marks     what tells a person among the rows of streams
person    whoever is to be erased, and every row and cell that names them
tables    the tables that are no streams: profiles, insight, exports, what was set aside
"""
