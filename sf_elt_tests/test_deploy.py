"""deploy/ holds: its settings are the project's, its units, proxy and containers are what their own programs accept."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from sf_elt_tests.pages import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MODULE = "sf_elt.definitions"


def _yaml(path: Path) -> dict[str, object]:
    found = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_settings_differ_from_the_projects_in_storage_and_places_alone() -> None:
    """What dagster.yaml says of pools, monitoring and retention holds in production too."""
    ours, theirs = _yaml(DEPLOY / "dagster.yaml"), _yaml(ROOT / "dagster.yaml")
    assert ours.keys() == theirs.keys()
    assert ours["storage"].keys() == {"postgres"}
    places = {"storage", "local_artifact_storage", "compute_logs"}
    assert {name: ours[name] for name in ours.keys() - places} == {
        name: theirs[name] for name in theirs.keys() - places
    }
    assert ours["run_monitoring"]["start_timeout_seconds"] >= 1800  # the first import's, of years of days
    assert re.findall(r"base_dir: (\S+)", (DEPLOY / "dagster.yaml").read_text("utf-8")) == [
        "/var/lib/sf_elt/dagster", "/var/lib/sf_elt/dagster/compute_logs",
    ]  # fmt: skip


def test_every_variable_of_the_settings_is_in_the_example() -> None:
    """What dagster.yaml reads from the environment, dagster.env.example names, and no secret is filled in anywhere."""
    asked = set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text("utf-8")))
    given = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "dagster.env.example").read_text("utf-8"), re.MULTILINE))
    assert asked <= given.keys()
    secrets = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "secrets.env.example").read_text("utf-8"), re.MULTILINE))
    assert {**given, **secrets}["DAGSTER_PG_PASSWORD"] == secrets["SLACK_WEBHOOK_URL"] == ""


@pytest.mark.parametrize("workspace", [DEPLOY / "workspace.yaml", DEPLOY / "containers" / "workspace.yaml"], ids=str)
def test_the_code_is_where_the_workspace_looks(workspace: Path) -> None:
    """Port and name of the code location are those that its service starts with."""
    (served,) = _yaml(workspace)["load_from"]
    server = served["grpc_server"]
    started = f"--module-name {MODULE} --location-name {server['location_name']} --host X --port {server['port']}"
    commands = [re.search(r"^ExecStart=(.+)$", each.read_text("utf-8"), re.MULTILINE)[1] for each in UNITS]
    commands += [
        " ".join(each.get("command", [])) for each in _yaml(DEPLOY / "containers/compose.yaml")["services"].values()
    ]
    assert sum(started in re.sub(r"--host \S+", "--host X", each) for each in commands) == 2


def test_only_loopback_is_reached_from_outside() -> None:
    """Neither unit nor container publishes a port to the network, and only the code has the org's secrets."""
    for unit in UNITS:
        text = unit.read_text("utf-8")
        assert re.findall(r"--host (\S+)", text) in ([], ["127.0.0.1"]), unit
        assert ("secrets.env" in text) == ("code" in unit.name)
    for name, service in _yaml(DEPLOY / "containers" / "compose.yaml")["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert ("secrets.env" in service["env_file"]) == (name == "code"), name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze: apt-get install systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Every line of them is known to it. (Programs and user are those of a machine that has them.)"""
    for unit in UNITS:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE))
    told = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in told.stderr.splitlines() if "sf_elt-" in line] == []


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx: apt-get install nginx-light")
@pytest.mark.parametrize("asks", ["passwords", "oauth2-proxy"])
def test_nginx_takes_its_configuration(asks: str, tmp_path: Path) -> None:
    """Both ways of asking who somebody is: as it stands, and with the comments of the other one taken out."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    if asks == "oauth2-proxy":
        text = re.sub(r"^ +auth_basic.*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"^    # (?=(?:    |auth_request|error_page|location|\}))", "    ", text, flags=re.MULTILINE)
        assert text.count("\n    location /oauth2/ {") == 1
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    text = re.sub(r"(ssl_certificate +)\S+;", rf"\1{certificate};", text)
    text = re.sub(r"(ssl_certificate_key +)\S+;", rf"\1{key};", text)
    (tmp_path / "site.conf").write_text(text)
    main = tmp_path / "nginx.conf"
    main.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error;\nevents {{}}\n"
        f"http {{ access_log off; include {tmp_path}/site.conf; }}\n"
    )
    told = subprocess.run(["nginx", "-t", "-c", str(main)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
