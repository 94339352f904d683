"""docs/commands.md is what the commands say of themselves."""

import subprocess
import sys

from sf_elt_tests.pages import ROOT


def test_the_page_is_as_the_script_writes_it() -> None:
    """Every command with what it takes and its examples, and every exit code."""
    script = str(ROOT / "docs" / "make_commands.py")
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), "run `python docs/make_commands.py`"
