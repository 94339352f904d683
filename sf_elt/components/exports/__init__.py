"""`SalesforceExport`: audiences, scores and user fields into records of an org.

salesforce_export   the component and its asset
preview             what an export would do, as tables for the UI
"""
