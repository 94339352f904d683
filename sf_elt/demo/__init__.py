"""The demonstration: the whole loop once against a local org, and the same data in Dagster's web UI.

    run_demo(Path("data/demo"), seed=7, records=5_000)      # what `sf-elt demo` does; gives the exit status
    run_dev(Path("data/demo"), port=3000)                   # what `sf-elt dev` does, until Ctrl-C or SIGTERM

Errors:

    DemoError
    ├── FolderRefused      the folder holds something that the demo did not make
    └── ClaimFailed        something that the demo says of itself did not hold
"""

from sf_elt.demo.dev import run_dev
from sf_elt.demo.errors import ClaimFailed, DemoError, FolderRefused
from sf_elt.demo.loop import run_demo

__all__ = ["ClaimFailed", "DemoError", "FolderRefused", "run_demo", "run_dev"]
