"""docs/look-ups.md: its commands run one after the other, as they stand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.serve import running_org
from sf_elt_tests.pages import ROOT, blocks

PAGE = ROOT / "docs" / "look-ups.md"


def test_commands_of_the_page_run(tmp_path: Path, commands: str) -> None:
    """All of them succeed against a demo org, whose login is in `.env`, and the org refuses none of their requests."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is missing on this machine")
    script = "".join(f"\n: {block}\n{block.text}" for block in blocks("sh") if block.page == PAGE)
    assert script.count("sf-elt sf") > 10
    with running_org(records=150) as details:
        (tmp_path / ".env").write_text(
            f"SALESFORCE_LOGIN_URL={details.instance_url}\nSALESFORCE_USERNAME={details.username}\n"
            f"SALESFORCE_PASSWORD='{details.password}'\nSALESFORCE_SECURITY_TOKEN='{details.security_token}'\n"
        )
        environment = os.environ | {"PATH": f"{commands}:{os.environ['PATH']}", "SALESFORCE_USERNAME": "not this one"}
        ended = subprocess.run(
            [bash, "-x", "-c", f"set -eu -o pipefail\n{script}"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        asked = Levers(details.instance_url).calls.all()
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-3000:]
    assert "Traceback" not in ended.stderr
    assert [call["path"] for call in asked if call["status"] >= 400] == []
    assert (tmp_path / "responded.csv").read_text().startswith("Type,LeadOrContactId,")
