"""`NAME_FILE` stands for `NAME`, and no error shows what is in the file."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.secret_files import NAMES, take_secret_files


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_the_file_is_the_value(name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("  s3cret\n")
    environment = {f"{name}_FILE": str(path), "OTHER": "1"}
    take_secret_files(environment)
    assert environment == {name: "s3cret", "OTHER": "1"}


def test_two_values_are_refused_without_showing_either(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from-file")
    with pytest.raises(SystemExit, match="SECRET_KEY and SECRET_KEY_FILE are both set") as refused:
        take_secret_files({"SECRET_KEY": "from-environment", "SECRET_KEY_FILE": str(path)})
    assert "from-" not in str(refused.value)


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read .FileNotFoundError"), ("\n", "is empty")])
def test_a_file_without_a_secret_is_named(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit, match=f"REDIS_URL_FILE: .*{said}"):
        take_secret_files({"REDIS_URL_FILE": str(path)})


def test_what_is_no_secret_of_ours_is_left_alone() -> None:
    environment = {"SSL_CERT_FILE": "/etc/ssl/ca.pem"}
    take_secret_files(environment)
    assert environment == {"SSL_CERT_FILE": "/etc/ssl/ca.pem"}


def test_every_process_takes_them_first(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text("redis://from-a-file:6379/0\n")
    told = "import os, config; print(os.environ['REDIS_URL'])"
    answer = subprocess.run(
        [sys.executable, "-c", told], env={"REDIS_URL_FILE": str(path)}, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "redis://from-a-file:6379/0"
