"""`SalesforceExport`: audiences, scores and user fields into records of an org.

salesforce_export   the component and its asset
checks              its checks, and what a run says that sent nothing
matchable           matchers that cannot be filtered, refused when the YAML is loaded
preview             what an export would do, as tables for the UI
told                what a run says of itself in numbers, and of its fields
"""
