"""What the processes load before they have anything to do: large libraries come with their first use."""

import subprocess
import sys

import pytest

# Arrays, tables, workbooks, protobuf, a client of others' addresses, the shell of Celery's command.
LARGE = ["numpy", "pyarrow", "openpyxl", "google.protobuf", "requests", "prompt_toolkit", "click_repl"]
# What libraries load where development or documentation happens to have installed it.
OF_OTHERS = ["opentelemetry.sdk", "pygments", "jinja2"]
NEVER = [*LARGE, *OF_OTHERS]
# Encryption, all of alerting, patterns of masking: they come with the first secret, rule or report.
ONCE_NEEDED = ["cryptography", "alerts.services", "re2"]
# Pages and what draws and describes them.
OF_PAGES = ["config.urls", "monitoring.views", "rest_framework.serializers", "django.test"]
LOADS = {
    "web": ("import config.wsgi", NEVER),
    "worker": ("import config.worker; config.worker.app.loader.import_default_modules()", [*NEVER, *OF_PAGES]),
    "beat": ("import config.beat, redis", [*NEVER, *OF_PAGES, "django.db", "monitoring", "ingestion"]),
}


def loaded(statement: str) -> set[str]:
    """The modules that are there after a statement in a process of its own."""
    program = f"import sys\n{statement}\nprint(*(name for name, module in sys.modules.items() if module))"
    return set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


@pytest.mark.parametrize("process", LOADS)
def test_an_idle_process_is_without_what_it_has_no_use_for(process: str) -> None:
    statement, unwanted = LOADS[process]
    found = loaded(statement)
    assert "config" in found
    assert sorted(found.intersection(unwanted)) == []


def test_setting_up_django_loads_little() -> None:
    found = loaded("import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; django.setup()")
    assert "monitoring.models" in found
    assert sorted(found.intersection(ONCE_NEEDED)) == []


def test_arrays_load_numpy_with_their_first_use() -> None:
    scan = "from monitoring.analysis.rate_scan import split_rates"
    assert "numpy" not in loaded(scan)
    assert "numpy" in loaded(f"{scan}; split_rates([1, 2, 9, 8], [20] * 4)")


def test_the_web_process_can_still_talk_to_identity_providers() -> None:
    found = loaded("import config.wsgi, accounts.sign_in.oidc, accounts.sign_in.guarded")
    assert "requests" in found
