"""docs/production.md, line by line, on a Debian machine with systemd, PostgreSQL and nginx of its own."""

import json
import shlex
from collections.abc import Iterator

import pytest

from sf_elt_tests.pages import ROOT, blocks, commands_of
from sf_elt_tests.soak.machine import TRUSTED, Machine, booted, debian, lacking

pytestmark = pytest.mark.soak

ORG = "http://127.0.0.1:8080"
UI = "http://127.0.0.1:3000"
WAIT = "curl --silent --show-error --fail --retry 120 --retry-connrefused --retry-all-errors --retry-delay 1"
AS_ROOT = f"export PIP_CERT={TRUSTED}\ntest ! -d /opt/sf_elt || cd /opt/sf_elt\n"
SERVICES = "sf_elt-code sf_elt-daemon sf_elt-webserver"
PASSWORD = "a long one of your own"
NO_ENGINE = "docker compose"
"""The one line that is not run."""

DEMO_ORG = f"""
systemd-run --quiet --unit demo-org --working-directory /opt/sf_elt --property StandardOutput=file:/root/org.json \\
    .venv/bin/sf-elt demo-org --port 8080 --records 60 --json
{WAIT} --output /dev/null {ORG}/demo/calls
cp "$(jq --raw-output .jwt_private_key_file /root/org.json)" salesforce.key
cat /root/org.json
"""
BACKFILL = """mutation { launchPartitionBackfill(backfillParams: {
    allPartitions: true, assetSelection: [{path: ["streams", "salesforce_leads"]}]
}) { __typename } }"""
PROXY = """
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=dagster.example.com \\
    -addext subjectAltName=DNS:dagster.example.com \\
    -keyout /etc/ssl/private/dagster.example.com.key -out /etc/ssl/certs/dagster.example.com.pem
htpasswd -bc /etc/nginx/sf_elt.htpasswd ada secret
cp deploy/nginx.conf /etc/nginx/sites-enabled/
systemctl reload nginx
echo 127.0.0.1 dagster.example.com >> /etc/hosts
export CURL_CA_BUNDLE=/etc/ssl/certs/dagster.example.com.pem
curl -I https://dagster.example.com
curl --fail --user ada:secret https://dagster.example.com/server_info
"""


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine to which this project is what the page clones."""
    if reason := lacking():
        pytest.skip(reason)
    with booted(debian(tmp_path_factory.mktemp("debian")), shows={ROOT: "/srv/sf_elt"}) as machine:
        machine.run(
            "git config --global url./srv/sf_elt.insteadOf https://git.example.com/marketing/sf_elt.git\n"
            "git config --global safe.directory '*'"
        )
        yield machine


def test_the_page_holds_on_a_machine(machine: Machine) -> None:
    """Install, PostgreSQL, units, runs, a command, the login in front, a backup, an upgrade: each line as it stands."""
    page = {
        each.text: commands_of(each)
        for language in ("console", "python")
        for each in blocks(language)
        if each.page.name == "production.md"
    }

    def take(words: str) -> str:
        """What is typed of the block with these words, which is then done."""
        (text,) = (each for each in page if words in each)
        return page.pop(text)

    def type_in(script: str, **more: bool) -> str:
        return machine.run(AS_ROOT + script, **more).stdout

    machine.run(take("CREATE ROLE"), user="postgres")
    install, then = take("useradd").split("\ninstall -d", 1)
    type_in(install, network=True)
    type_in(take("$ .venv/bin/pip install"), network=True)
    org = json.loads(type_in(DEMO_ORG))
    type_in(f"install -d{then}")
    type_in(_filling_in(org))
    containers = take(NO_ENGINE)
    type_in("\n".join(line for line in containers.splitlines() if NO_ENGINE not in line))

    type_in(take("daemon-reload"))
    type_in(f"{WAIT} {UI}/server_info\nsystemctl is-active {SERVICES}")
    _import_leads(machine)
    assert "salesforce_leads" in type_in(_at_a_terminal(take("sf_elt-run sf-elt status\n")))
    assert type_in(take("is_alive")).strip() == "true"
    assert type_in("stat --format '%U %a' /var/lib/sf_elt/warehouse/warehouse.duckdb").strip() == "sf_elt 600"
    answers = type_in(PROXY)
    assert answers.startswith("HTTP/1.1 401 ")
    assert "dagster_version" in answers

    backup = take("warehouse.backup")
    type_in(f"cat > /etc/sf_elt/backup.py <<'END'\n{backup}END\nsf_elt-run python - < /etc/sf_elt/backup.py")
    in_backup = type_in("SF_ELT_DATA=/var/lib/sf_elt/warehouse.backup .venv/bin/sf-elt status --json")
    assert [each["stream"] for each in json.loads(in_backup)["streams"]] == ["salesforce_leads"]
    assert "CREATE TABLE public.runs " in machine.run("pg_dump sf_elt", user="postgres").stdout
    type_in(take("tmpfiles.d"))
    assert type_in("systemd-tmpfiles --clean /etc/tmpfiles.d/sf_elt.conf 2>&1") == ""

    stop, upgrade = take("git pull").split("cd /opt", 1)
    upgrade, restart = upgrade.split("sf_elt-run", 1)
    type_in(stop)
    type_in(f"cd /opt{upgrade}", network=True)
    type_in(f"sf_elt-run{restart}")
    type_in(f"{WAIT} {UI}/server_info\nsystemctl is-active {SERVICES}")
    assert page == {}


def _filling_in(org: dict[str, str]) -> str:
    """The two files, for the demo org, with few days."""
    given = {
        "dagster.env": {"DAGSTER_PG_PASSWORD": PASSWORD},
        "secrets.env": {
            "SALESFORCE_LOGIN_URL": ORG,
            "SALESFORCE_USERNAME": org["username"],
            "SALESFORCE_CONSUMER_KEY": org["client_id"],
        },
    }
    lines = [
        f"sed --in-place {shlex.quote(f's|^{name}=.*|{name}={value}|')} /etc/sf_elt/{file}"
        for file, values in given.items()
        for name, value in values.items()
    ]
    return "\n".join([*lines, 'echo "SF_ELT_START=$(date --utc --date "3 days ago" +%F)" >> /etc/sf_elt/secrets.env'])


def _import_leads(machine: Machine) -> None:
    """A backfill of all days, and the run for profiles that the daemon adds, both in PostgreSQL in the end."""
    query = shlex.quote(json.dumps({"query": BACKFILL}))
    ask = f"{WAIT} --header 'Content-Type: application/json' {UI}/graphql --data {query}"
    machine.run(f"for _ in $(seq 120); do {ask} | grep LaunchBackfillSuccess && exit; sleep 1; done; exit 1")
    succeeded = "SELECT count(*) FROM runs WHERE status = 'SUCCESS'"
    machine.run(
        f"""for _ in $(seq 240); do
            [ "$(psql --tuples-only --no-align --command "{succeeded}" sf_elt)" -ge 2 ] && exit; sleep 1
        done; psql --command "SELECT run_id, status FROM runs" sf_elt; exit 1""",
        user="postgres",
    )


def _at_a_terminal(command: str) -> str:
    return f"script --quiet --return --command {shlex.quote(command)} /dev/null"
