"""What is installed is pinned, each file known by its hash, and no address of a registry is written down."""

import re
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
