"""`SalesforceImport`: objects of an org as streams.

salesforce_import   the component: its attributes, and the assets, checks, jobs and schedules that they make
imported_object     one of its objects, with what is said for it alone
stream_names        which stream an object becomes
settings            what an asset says of the options it runs under
importing           what a run of an object's asset does
run_config          what somebody may tell a run in the Launchpad
by_hand             a run that is told to read a part of its window, or only to look
upkeep              what runs beside: reconciliation of Ids, refresh of formula fields
"""
