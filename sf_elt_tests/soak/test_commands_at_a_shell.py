"""docs/commands.md, whose lines are the examples of `--help`: each is typed, in a deployment with an org and data."""

from collections.abc import Iterator

import pytest

from sf_elt_tests.soak.machine import lacking
from sf_elt_tests.soak.shell import Shell, an_email, asked, deploy, of_page, shell_after_the_demo, typed

pytestmark = pytest.mark.soak

TYPED_ELSEWHERE = {
    "sf-elt init ": "cli/test_init.py: there are questions; test_docs.py: answers.yaml",
    "sf-elt login ": "cli/test_login.py: a browser, questions",
    "sf-elt logout ": "cli/test_login.py",
    "sf-elt alerts test": "soak/test_pages_at_a_shell.py, with channels",
    "sf-elt export reject ": "cli/test_export.py, with a plan that waits",
    "sf-elt export send leads --approve": "cli/test_export.py, with a plan that waits",
    "sf-elt demo": "soak/test_pages_at_a_shell.py, test_demo.py",
    "sf-elt dev": "soak/test_pages_at_a_shell.py, test_demo.py",
}
MAY_FIND_SOMETHING = {
    "sf-elt check": (0, 1),
    "sf-elt doctor": (0, 1),
    "sf-elt setup": (0, 1),
    "sf-elt export plan": (0, 3),
    "sf-elt export send": (0, 3),
    "sf-elt sf member ": (0, 1),
}
"""What ends otherwise than with 0 by what it finds, as the page says."""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a deployment with its org."""
    if reason := lacking():
        pytest.skip(reason)
    with shell_after_the_demo(tmp_path_factory.mktemp("debian")) as shell:
        deploy(shell)
        shell.run(
            "sed --quiet 's/^SALESFORCE_\\(USER\\|PASS\\|SECURITY\\)/ADMIN_\\1/p' .env > admin\ncat admin >> .env"
        )
        yield shell


def test_every_line_of_the_page_is_typed(shell: Shell) -> None:
    """All end as the page says, with Ids and an address of this org in place of those that are shown."""
    names = _names(shell)
    [of_setup] = of_page("setup.md", "text")
    page = f"{typed('commands.md')}{of_setup.text}{typed('look-ups.md', '$ sf-elt sf campaigns')}"
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    here = [line for line in lines if not line.startswith(tuple(TYPED_ELSEWHERE)) or "--yes --json" in line]
    assert len(here) > 70
    shell.run("sf-elt sf fetch Contact --limit 20 --fields Email,Account.Name --format csv > people.csv")
    shell.run("sed --in-place '1s/Account.Name/Employer/' people.csv")
    wrong = {}
    for line in here:
        call = line
        for shown, there in names.items():
            call = call.replace(shown, there)
        said = shell.run(f"set +e\n{{ {call}\necho status ${{PIPESTATUS[*]}}; }} < /dev/null 2>&1")
        statuses = [int(each) for each in said.rpartition("status ")[2].split()]
        allowed = next((each for begin, each in MAY_FIND_SOMETHING.items() if line.startswith(begin)), (0,))
        if statuses[0] not in allowed or any(statuses[1:]) or "Traceback" in said:
            wrong[line] = said[-600:]
    assert wrong == {}


def _names(shell: Shell) -> dict[str, str]:
    """What the page shows → what there is."""
    campaign, lead = shell.run(
        "sf-elt sf query \"SELECT CampaignId, LeadId FROM CampaignMember WHERE LeadId != null LIMIT 1\" --format csv"
    ).splitlines()[1].split(",")  # fmt: skip
    return {
        "ada@example.com --reason": f"{an_email(shell, which='max')} --yes --reason",
        "ada@example.com": an_email(shell),
        "00Q5g00000JyVtEEAV": lead,
        "7015g000000XyZaAAK": campaign,
        "0f6c7f0c-0a0b-4b6e-8f3d-0c1f8e3a7b52": asked(
            shell, "SELECT max_by(run_id, logged_at) FROM writeback.sync_log WHERE export = 'leads'"
        ),
    }
