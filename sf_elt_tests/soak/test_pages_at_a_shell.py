"""Commands of the pages as somebody types them, in a fresh clone, in the home of a user of a machine of its own.

sf_elt_tests/test_blocks.py says which block is run where.
"""

import re
from collections.abc import Iterator

import pytest

from sf_elt_tests.pages import blocks
from sf_elt_tests.soak.machine import lacking
from sf_elt_tests.soak.shell import FIELD, ORG, Shell, an_email, deploy, of_page, shell_after_the_demo, start_org, typed

pytestmark = pytest.mark.soak

UI = "http://127.0.0.1:3000/server_info"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One for all tests here."""
    if reason := lacking():
        pytest.skip(reason)
    with shell_after_the_demo(tmp_path_factory.mktemp("debian")) as shell:
        yield shell


def test_the_readme_in_a_fresh_clone(shell: Shell) -> None:
    """`make demo` says what the page shows, in other seconds; `make check` finds nothing; `make dev` and `dagster dev`
    serve the UI until Ctrl-C.
    """
    [shown] = [each.text for each in of_page("README.md", "text")]
    said = {_without_times(line) for line in shell.run("cat made.txt").splitlines()}
    assert [line for line in shown.splitlines() if line.strip() != "…" and _without_times(line) not in said] == []
    assert "All component YAML validated" in shell.run("make check", network=True)
    shell.start("dev", typed("README.md", "make dev"), until=UI)
    shell.stop("dev")
    shell.start("dagster-dev", typed("quick-start.md", "dagster dev"), until=UI)
    shell.stop("dagster-dev")
    shell.start("org", typed("README.md", "demo-org --port"), until=f"{ORG}/demo/calls")
    shell.stop("org")


def test_an_org_of_ones_own(shell: Shell) -> None:
    """The pages of connecting, imports, quotas, alerts, analysts, privacy and recovery, in a deployment that is told
    where its org is, by a key.
    """
    org = deploy(shell)
    shell.run("make .venv/.dev", network=True)
    shell.run(typed("connecting.md", "estimate"))
    shell.run(typed("quotas.md", "estimate"))
    day = shell.run("date --utc --date yesterday +%F").strip()
    launch = re.sub(r"2026-11-01\.\.\.2026-11-07", f"{day}...{day}", typed("imports.md", "dg launch"))
    shell.run("sed --in-place 's/^attributes:/&\\n  reconcile: weekly/' sf_elt/defs/imports/defs.yaml")
    shell.run(f'export DAGSTER_HOME="$PWD"\n{launch}{typed("imports/upkeep.md", "dg launch")}')
    assert shell.run("sf-elt status --json | jq --raw-output '.runs[:2][].status'").split() == ["success"] * 2
    shell.run(typed("analysts.md", "duckdb.connect"))
    email = an_email(shell)
    erase = typed("privacy.md", "erase EMAIL").replace("EMAIL", email).replace('17"', '17" --yes')
    shell.run(erase)
    shell.run(typed("recovery.md", "warehouse.old"))
    shell.run("rm -r data/warehouse\nmv data/warehouse.old data/warehouse")
    keys, login = typed("connecting.md", "keys new").splitlines()
    shell.run(keys)
    app = '{"name": "sf_elt", "client_id": "by-key", "approved_users": [$user], "certificate": $pem}'
    shell.run(
        "sed --in-place /PASSWORD=/d .env\necho SALESFORCE_CONSUMER_KEY=by-key >> .env\n"
        f"{typed('connecting.md', 'keys token')}"
        f"jq --null-input --arg user {org['username']} --rawfile pem data/logins/salesforce.crt '{app}' |\n"
        f"    curl --fail --silent {ORG}/demo/apps -d @-"
    )
    assert "600" in shell.run("stat --format %a .env")
    shell.run(login.replace("integration@example.com", org["username"]))
    assert "JWT key" in shell.run("sf-elt connections")
    shell.run(typed("connecting.md", "sf-elt logout"))
    shell.stop("org")


def test_alerts(shell: Shell) -> None:
    """The component is scaffolded; the channels of the page say that they were told, or why not."""
    shell.run(typed("alerts.md", "scaffold"))
    assert "webhook_env: SLACK_WEBHOOK_URL" in shell.run("cat sf_elt/defs/alerts/defs.yaml")
    [channels] = [each.text for each in of_page("alerts.md", "yaml")]
    shell.machine.run(
        "cat > /etc/nginx/sites-enabled/slack <<'END'\n"
        "server { listen 127.0.0.1:8090; location / { return 200 ok; } }\nEND\nsystemctl reload nginx"
    )
    hook = "http://127.0.0.1:8090/hook"
    shell.run(
        f"cat > sf_elt/defs/alerts/defs.yaml <<'END'\n{channels}END\n"
        f"printf '%s\\n' SLACK_WEBHOOK_URL={hook} ALERTS_WEBHOOK_URL={hook} ALERTS_WEBHOOK_TOKEN=t >> .env"
    )
    both, slack = typed("alerts.md", "alerts test").splitlines()
    told = shell.run(both, check=False)
    assert "✓ slack: sent" in told
    assert "✗ email: " in told
    assert "✓ slack: sent" in shell.run(f"{slack} 2>&1")
    shell.run(typed("alerts.md", "alerts list"))
    shell.run("rm -r sf_elt/defs/alerts")


def test_a_notebook_of_ones_own(shell: Shell) -> None:
    """Jupyter is installed and opens the notebook."""
    install, lab = typed("analysts.md", "jupyterlab").splitlines()
    shell.run(install, network=True)
    shell.start("lab", lab, until="http://127.0.0.1:8888/login")
    shell.stop("lab")


def test_the_demo_org_for_other_clients(shell: Shell) -> None:
    """A query with a mistake, curl with the name of a real org, a code from a browser, pytest in another project."""
    start_org(shell)
    [functions] = [each.text for each in of_page("demo-org/reading.md") if each.text.startswith("query() {")]
    login = f"{FIELD}export ORG=$(field instance_url) TOKEN=$(field access_token)\n"
    definition = functions.splitlines()[0]
    said = shell.run(f"{login}{definition}\n{typed('demo-org/reading.md', 'Nme')}")
    assert "No such column 'Nme' on entity 'Lead'" in said
    assert said.splitlines()[0].startswith('[{"message":"\\nSELECT Id, Nme FROM Lead\\n           ^\\nERROR at Row:1')
    code = typed("demo-org/clients.md", "authorization_code").replace("aPrx…", "never-given")
    assert "invalid_grant" in shell.run(f"{login}{code}")
    shell.stop("org")
    start_org(shell, "--tls")
    assert '"version"' in shell.run(f"{login}{typed('demo-org/clients.md', '--connect-to')}")
    shell.stop("org")
    shell.machine.run("mkdir --parents /path/to/the/checkout/of\nln --symbolic ~ada/sf_elt /path/to/the/checkout/of/")
    install = typed("demo-org/testing-with-pytest.md", "pip install pytest")
    shell.run(f"python3 -m venv ~/another\n. ~/another/bin/activate\n{install}", network=True)
    [tests] = [each.text for each in blocks("python") if each.is_test_file]
    shell.run(
        f"cd ~\n. ~/another/bin/activate\ncat > test_my_client.py <<'END'\n{tests}END\npytest -q test_my_client.py"
    )


def _without_times(line: str) -> str:
    """The line without its numbers, which other machines have others of, and without the space that they need."""
    return re.sub(r"\W*\d[\d,.:]*\W*", "#", re.sub(r"[\s━─╇┃│]+", " ", line)).strip()
