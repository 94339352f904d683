"""Several processes that begin to read at the same moment, over one kept login: what each came to, as JSON.

python -m sf_elt_tests.salesforce.reading_at_once LOGIN_URL FOLDER HOW_MANY
"""

import json
import multiprocessing
import os
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path

import simple_salesforce.api  # noqa: F401  imported once, for all that are forked

from sf_elt.salesforce import Login, SalesforceError, connect, count
from sf_elt.salesforce.connection.kept_login import KeptLogin


def read(login_url: str, folder: Path, ready: Barrier) -> str:
    login = Login.from_env({"SALESFORCE_LOGIN_URL": login_url}, kept=KeptLogin(folder, "salesforce"))
    org = connect(login)
    ready.wait()
    try:
        return "read" if count(org, "Lead") else "nothing"
    except SalesforceError as error:
        return str(error)


def main(login_url: str, folder: str, how_many: str) -> None:
    fork = multiprocessing.get_context("fork")
    ready, answers = fork.Barrier(int(how_many)), fork.SimpleQueue()
    children = [
        fork.Process(target=lambda: answers.put(read(login_url, Path(folder), ready))) for _ in range(int(how_many))
    ]
    for child in children:
        child.start()
    print(json.dumps([answers.get() for _ in children]))  # noqa: T201 - what the test reads
    for child in children:
        child.join()


if __name__ == "__main__":
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    main(*sys.argv[1:])
