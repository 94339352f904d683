"""A Salesforce-compatible org on loopback, with its own data. It imports nothing of the rest of sf_elt.

    from sf_elt.demo_org.serve import running_org, start_demo_org

    with running_org(records=200) as details:       # in a thread of this process, for tests
        ...                                         # details.instance_url, .username, .password, .access_token, …
    with start_demo_org(file=Path("org")) as org:   # in a process of its own: `sf-elt demo-org --json`
        ...                                         # org.details, org.stop(), org.kill()
    def test_mine(salesforce_org): ...              # pytest_plugin: a fixture that comes with the package

What it speaks: OAuth and other logins (`auth`), REST (`rest`) with SOQL (`soql`) and SOSL (`sosl`), both Bulk APIs
(`bulk`), SOAP (`soap`), the Metadata and Tooling APIs (`metadata`, `tooling`). What it does not speak it refuses with
Salesforce's own error bodies. Records are saved by `saving`, seen by `access`, kept by `store`, made by `seeding`.
`faults` make the org misbehave on purpose, `calls` remember what was asked; `admin` is how one says so over HTTP,
`levers` how one says so in Python.

Errors, to who runs the org:

    DemoOrgError       (serve) the org did not start: a taken port, or what the process said
    OrgFileError       (org) the kept org's file cannot be used
    StoreMismatch      (store) the file holds other objects or fields
    AppsFileError      (auth.apps) the file of connected apps cannot be used
    LeverRefused       (levers) the org did not understand a lever

What ends a request, and becomes its reply:

    OrgError           (errors) Salesforce's JSON body, or the older Bulk API's words
    ├── SoqlError      (errors) a query that cannot be run
    ├── RecordRefused  (rest.refusals) a single record was not saved
    └── QuotaSpent     (bulk.quota) the day's batches or records are used up
    SoapFault          (soap.envelope) a SOAP call
    LoginRefused       (auth.users) nobody is let in: an OAuth error body, or a SOAP fault
    GrantRefused       (auth.grants) no token: an OAuth error body
    AssertionRefused   (auth.jwt_bearer) a JWT assertion that does not hold: the same

What ends a part of one, and becomes its verdict:

    Refused            (saving.outcome) a record cannot be saved
    MetadataRefused    (metadata.refusal) a component cannot be made, changed or deleted
    FormulaRefused     (metadata.formula) a formula that is wrong
    JobFailed          (bulk.jobs) a bulk job cannot go on; becomes its errorMessage
"""
