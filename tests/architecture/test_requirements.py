"""What is installed is pinned, each file known by its hash, no registry is named, and a bill of materials lists it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_package_is_pinned_with_hashes(path: Path) -> None:
    text = re.sub(r"\\\n", " ", path.read_text())
    packages = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert packages
    assert [line for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize(
    "path", [*FILES, *ROOT.glob("package*.json"), *ROOT.glob("requirements/*.in")], ids=lambda path: path.name
)
def test_no_registry_is_named(path: Path) -> None:
    assert re.findall(r"--(?:extra-)?index-url|https?://[^\s\"]*(?:pypi|npmjs)[^\s\"]*", path.read_text()) == []


def test_the_bill_of_materials_lists_every_front_end_package_with_its_hash() -> None:
    told = subprocess.run([sys.executable, ROOT / ".ci/sbom.py"], capture_output=True, check=True, text=True).stdout
    found = {one["name"]: one for one in json.loads(told)["components"]}
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert {name: found[name]["version"] for name in wanted} == wanted
    assert all(one["hashes"][0]["alg"] == "SHA-512" and one["purl"].startswith("pkg:npm/") for one in found.values())
