"""`EventImport`: files of behavioural events as a stream.

event_import   the component and its asset
event_watch    the sensor that looks for files that are new or have grown
"""
