"""A Salesforce-compatible org on loopback, with its own data. It imports nothing of the rest of sf_elt.

    from sf_elt.demo_org.serve import running_org, start_demo_org

    with running_org(records=200) as details:       # in a thread of this process, for tests
        ...                                         # details.instance_url, .username, .password, .access_token, …
    with start_demo_org(file=Path("org")) as org:   # in a process of its own: `sf-elt demo-org --json`
        ...                                         # org.details, org.stop(), org.kill()
    def test_mine(salesforce_org): ...              # pytest_plugin: a fixture that comes with the package

What it speaks: OAuth token grants and SOAP login (`auth`), REST (`rest`), SOQL (`soql`), Bulk API 2.0 (`bulk`). What it
does not speak it refuses with Salesforce's own error bodies. `faults` make it misbehave on purpose, `calls` remember
what was asked; `admin` is how one says so over HTTP, `levers` how one says so in Python.

Errors:

    DemoOrgError       (serve) the org did not start: a taken port, or what the process said
    OrgFileError       (org) the kept org's file cannot be used
    StoreMismatch      (store) the file holds other objects or fields
    OrgError           (errors) a refused request, sent as Salesforce's JSON body
    └── SoqlError      (errors) a query that cannot be run
    GrantRefused       (auth.oauth) no token, sent as an OAuth error body
    AssertionRefused   (auth.jwt_bearer) a JWT assertion that does not hold
    LeverRefused       (levers) the org did not understand a lever
    JobFailed          (bulk.jobs) a bulk job cannot go on; becomes its errorMessage
"""
