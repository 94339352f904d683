"""A process that runs one export, for tests that kill it: root of the warehouse, org, token, spec as JSON, and the run
that it is to take back, if it is an undo.

It says `started` on standard output once it has loaded everything and is about to begin.
"""

import sys
from pathlib import Path

from sf_elt.salesforce import Login, Patience, connect
from sf_elt.warehouse import Warehouse
from sf_elt.writeback import ExportSpec, run_export, run_undo
from sf_elt_tests.writeback.people import NOW

if __name__ == "__main__":
    root, instance_url, token, spec, *undoes = sys.argv[1:]
    export = ExportSpec.model_validate_json(spec)
    org = connect(Login(instance_url=instance_url, access_token=token), patience=Patience(first_wait=0.01))
    sys.stdout.write("started\n")
    sys.stdout.flush()
    if undoes:
        run_undo(org, Warehouse(Path(root)), export, now=NOW, run_id="undo", undoes=undoes[0])
    else:
        run_export(org, Warehouse(Path(root)), export, now=NOW, run_id="killed")
