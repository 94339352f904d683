"""tap-salesforce with a session that is open already, instead of a login at login.salesforce.com.

Takes the session's address and token from BENCH_INSTANCE_URL and BENCH_ACCESS_TOKEN, and arguments as the tap does.
"""

import os

import tap_salesforce
from tap_salesforce.salesforce import Salesforce


def _log_in(self: Salesforce) -> None:
    self.instance_url = os.environ["BENCH_INSTANCE_URL"]
    self.access_token = os.environ["BENCH_ACCESS_TOKEN"]


Salesforce.login = _log_in

if __name__ == "__main__":
    tap_salesforce.main()
