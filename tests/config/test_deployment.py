"""`compose.yaml`, `Dockerfile` and the units of systemd name what there is, keep no secret and give no rights away."""

import importlib.util
import os
import re
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.secret_files import NAMES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ["prepare", "web", "worker", "beat", "backup"]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# Read by images that are not ours, or by the shell of the pooler.
OF_OTHERS = {"POSTGRES_USER", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}
OF_POOLER = {"UPSTREAM", "POOL_SIZE", "APP_PASSWORD_FILE"}
# Of Python and the shell.
OF_SYSTEM = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def known() -> set[str]:
    """Every variable that our code reads."""
    found = {f"{name}_FILE" for name in NAMES} | set(NAMES)
    for path in (ROOT / "config").glob("*.py"):
        found |= set(re.findall(r"environ(?:ment)?(?:\.get\(|\[)[\"']([A-Z_]+)[\"']", path.read_text()))
    return found


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit, each with its values in order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def modules(command: list[str]) -> list[str]:
    """What `python -m` runs in a command."""
    return [command[n + 1] for n, word in enumerate(command) if word == "-m"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_variables_of_services_are_read_by_somebody(name: str) -> None:
    told = set(SERVICES[name].get("environment", {}))
    assert told - known() - OF_OTHERS - (OF_POOLER if name == "pooler" else set()) == set()


def test_variables_of_the_image_are_read_by_somebody() -> None:
    told = set(re.findall(r"^(?:ENV|   ) ([A-Z_]+)=", DOCKERFILE.split("AS steadyrun")[1], re.MULTILINE))
    assert {"STEADYRUN_HOME", "STATIC_FOLDER", "HOST", "PORT"} <= told
    assert told - known() - OF_SYSTEM == set()


@pytest.mark.parametrize("name", OURS)
def test_commands_of_services_are_programs_of_ours(name: str) -> None:
    command = SERVICES[name].get("command") or yaml.safe_load(DOCKERFILE.rsplit("CMD ", 1)[1])
    found = modules(command)
    assert found
    assert all(importlib.util.find_spec(one) for one in found), found


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_services_can_change_nothing_of_their_image(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in one["security_opt"]
    assert one["tmpfs"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"prepare", "backup"}))
def test_what_goes_on_running_is_watched(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_processes_start_when_the_database_is_prepared() -> None:
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
    assert SERVICES["prepare"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "valkey": {"condition": "service_healthy"},
    }


def test_web_and_worker_scale_by_number() -> None:
    for name in ("web", "worker"):
        assert not {"container_name", "hostname"} & set(SERVICES[name])
    assert SERVICES["web"]["ports"] == ["${WEB_ADDRESS:-127.0.0.1}:${WEB_PORTS:-8000}:8000"]
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"web"}


def test_servers_of_data_are_reached_from_inside_only() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "valkey", "pooler"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_only_who_needs_the_owner_has_the_address() -> None:
    holders = {name for name, one in SERVICES.items() if "database_owner_url" in one.get("secrets", ())}
    assert holders == {"prepare"}
    assert {name for name, one in SERVICES.items() if "database_backup_url" in one.get("secrets", ())} == {"backup"}


def test_no_file_has_a_secret() -> None:
    files = [ROOT / "compose.yaml", ROOT / "Dockerfile", *(ROOT / "deploy").rglob("*")]
    for path in (one for one in files if one.is_file()):
        text = path.read_text()
        assert re.findall(r"://[^/\s:$]*:[^@\s$]+@", text) == [], path
        assert re.findall(r"(?i)(?:password|secret_key|token)\w*[=:]\s*[\"']?[A-Za-z0-9+]{16,}", text) == [], path


def test_images_are_named_by_version() -> None:
    images = [one["image"] for one in SERVICES.values()] + re.findall(r"^ARG \w+_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) > 6
    assert [one for one in images if not re.search(r":[^:/]*\d", one) or "latest" in one] == []
    assert all(line.split()[1] == "${PYTHON_IMAGE}" for line in DOCKERFILE.splitlines() if line.startswith("FROM"))


def test_the_image_runs_as_nobody_of_the_system_and_installs_by_hash() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert "HEALTHCHECK" in DOCKERFILE
    installs = re.findall(r"pip install (.+)", DOCKERFILE)
    assert installs
    assert all(one.startswith("--require-hashes --no-deps -r requirements/") for one in installs)


def test_the_build_sees_what_it_copies_and_no_data() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:].rstrip("/") for line in lines if line.startswith("!")]
    assert "*" in lines
    assert [name for name in allowed if not (ROOT / name).exists()] == []
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert source == "." or any(source.startswith(one) for one in allowed), source
    assert not {".steadyrun", "secrets", ".env", "tests", ".git"} & set(allowed)


def test_every_app_is_in_the_image() -> None:
    allowed = (ROOT / ".dockerignore").read_text()
    for path in ROOT.glob("*/apps.py"):
        assert f"!{path.parent.name}/" in allowed


def test_secrets_are_made_once_and_are_all_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy/make-secrets"
    script.write_text((ROOT / "deploy/make-secrets").read_text())
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert {one["file"] for one in COMPOSE["secrets"].values()} == {f"./secrets/{name}" for name in made}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert made["app_password"] in made["database_url"]
    assert len(made["secret_key"]) == 64
    again = subprocess.run(["sh", str(script)], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert made["secret_key"] == (tmp_path / "secrets/secret_key").read_text()


def test_each_secret_that_a_service_reads_is_given_to_it() -> None:
    for name, one in SERVICES.items():
        given = set(one.get("secrets", ()))
        assert given <= set(COMPOSE["secrets"]), name
        text = yaml.safe_dump({"environment": one.get("environment", {}), "command": one.get("command", "")})
        assert set(re.findall(r"/run/secrets/(\w+)", text)) <= given, name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_run_programs_of_ours_without_rights(path: Path) -> None:
    told = unit(path)
    command = told["ExecStart"][0].split()
    assert command[0] == "/opt/steadyrun/.venv/bin/python"
    assert all(importlib.util.find_spec(one) for one in modules(command))
    assert told["User"] == ["steadyrun"]
    for name, value in (
        *(("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("ProtectHome", "yes"), ("PrivateTmp", "yes")),
        *(("PrivateDevices", "yes"), ("CapabilityBoundingSet", ""), ("StateDirectory", "steadyrun")),
    ):
        assert told[name] == [value], name
    variables = {pair.partition("=")[0] for line in told["Environment"] for pair in line.split()}
    assert variables - known() - OF_SYSTEM == set()
    credentials = {line.partition(":")[0] for line in told["LoadCredential"]}
    assert credentials == {name for line in told["Environment"] for name in re.findall(r"%d/(\w+)", line)}


def test_units_are_those_of_the_target() -> None:
    told = unit(ROOT / "deploy/systemd/steadyrun.target")
    wanted = {re.sub(r"@\d+", "@", name) for name in told["Wants"][0].split()}
    assert wanted | {"steadyrun-prepare.service"} == {path.name for path in UNITS}


def test_only_the_unit_that_migrates_has_the_owner() -> None:
    holders = [path.name for path in UNITS if "database_owner_url" in path.read_text()]
    assert holders == ["steadyrun-prepare.service"]


def test_the_example_of_settings_names_what_there_is() -> None:
    reader = ConfigParser(interpolation=None)
    reader.optionxform = str  # type: ignore[assignment,method-assign]
    reader.read_string("[env]\n" + (ROOT / "deploy/systemd/steadyrun.env").read_text())
    assert set(reader["env"]) - known() == set()


@pytest.mark.skipif(not Path("/usr/bin/systemd-analyze").exists(), reason="systemd is not on this machine")
def test_systemd_finds_no_fault_and_little_exposure(tmp_path: Path) -> None:
    for path in (ROOT / "deploy/systemd").iterdir():
        text = path.read_text().replace("/opt/steadyrun/.venv/bin/python", "/usr/bin/env")
        name = path.name.replace("@.", "@1.")
        (tmp_path / name).write_text(text.replace("WorkingDirectory=/opt/steadyrun", "WorkingDirectory=/"))
    units = sorted(str(path) for path in tmp_path.glob("*.service"))
    told = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    verified = subprocess.run(
        ["systemd-analyze", "verify", *units], env=told, capture_output=True, text=True, check=False
    )
    ours = [line for line in verified.stderr.splitlines() if "steadyrun" in line and "Unknown" in line]
    assert ours == []
    security = ["systemd-analyze", "security", "--offline=true", "--threshold=20", *units]
    rated = subprocess.run(security, capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout[-400:] + rated.stderr


def test_nothing_of_an_image_lies_in_a_volume_that_has_no_name() -> None:
    # Images declare /data: without a named volume or a folder in memory there each new container leaves one behind.
    for name in ("valkey", *OURS):
        one = SERVICES[name]
        assert any(place.split(":")[1] == "/data" for place in one.get("volumes", ())) or any(
            place.startswith("/data") for place in one["tmpfs"]
        ), name


def test_a_pooler_is_there_before_and_after_those_that_ask_through_it() -> None:
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["pooler"] == {"condition": "service_healthy", "required": False}
    assert "STOPSIGNAL SIGINT" in DOCKERFILE.split("AS pooler")[1].split("FROM ")[0]


def test_servers_of_data_are_told_to_end() -> None:
    # Behind a pipe the shell would get the signal, and the server be cut off.
    assert "|" not in SERVICES["valkey"]["command"][-1]
    assert "exec valkey-server" in SERVICES["valkey"]["command"][-1]


def test_more_workers_are_started_with_the_target() -> None:
    assert unit(ROOT / "deploy/systemd/steadyrun-worker@.service")["WantedBy"] == ["steadyrun.target"]
