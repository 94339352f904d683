"""A person taken out of every table and file, and kept out of what comes later.

erasing   the request: what it would take away, and its one transaction
tables    the tables that are no streams: profiles, insight, exports, what was set aside
"""
