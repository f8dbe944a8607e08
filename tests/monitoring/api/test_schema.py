"""The description of the API: whole, and without a warning of its maker."""

from pathlib import Path

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_the_description_is_valid_and_warns_of_nothing(tmp_path: Path) -> None:
    target = tmp_path / "schema.yml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(target))
    text = target.read_text()
    for path in ("/api/v1/executions", "/api/v1/workflows", "/api/v1/trends"):
        assert path in text
