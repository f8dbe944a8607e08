"""Limits that keep the house liveable: sizes, inline scripts, what tasks take."""

import ast
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("config", "accounts", "monitoring", "ingestion", "alerts", "billing", "bench")
FILES = sorted(p for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts)
# E-mails carry their own style, as no mail program loads one.
EMAILS = sorted((ROOT / "templates" / "emails").rglob("*.html"))
TEMPLATES = sorted(set((ROOT / "templates").rglob("*.html")) - set(EMAILS))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\son[a-z]+=\"|\sstyle=\"|<style")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_file_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 300
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= 50] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_module_says_what_it_owns(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_has_no_inline_script_or_style(path: Path) -> None:
    assert INLINE.search(path.read_text()) is None


@pytest.mark.parametrize("path", EMAILS, ids=name)
def test_email_has_no_script_and_loads_nothing(path: Path) -> None:
    assert re.search(r"<script|\son[a-z]+=\"|\ssrc=|<link|url\(|@import", path.read_text()) is None


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_page_script_stays_short(path: Path) -> None:
    assert path.read_text().count("\n") <= 120


def test_tasks_take_ids_and_have_limits() -> None:
    from config.celery import app

    app.loader.import_default_modules()
    own = [task for task_name, task in app.tasks.items() if not task_name.startswith("celery.")]
    assert own
    assert app.conf.task_time_limit
    for task in own:
        for parameter in inspect.signature(task.run).parameters.values():
            assert parameter.annotation in (int, str, "int", "str"), (task.name, parameter)
