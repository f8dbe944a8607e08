"""What the build of the docs site adds to the files in `docs/` (see `mkdocs.yml`).

The API reference from the OpenAPI description, the project's colours and font, and links to files of the source that
are no pages: those become their path, once it is sure that the file is there.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page as SitePage
from reference import Page, pages

ROOT = Path(__file__).parents[2]
FONT = ROOT / "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:)([^)#]+)(#[^)]*)?\)")
SCREENSHOT = re.compile(r"!\[[^\]]+\]\([^)]+-light-1440\.png\)")
# Nothing is asked of these: a description is made of code alone.
NOWHERE = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SECRET_KEY": "only-to-describe",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}
made: list[Page] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Makes the reference, and puts its pages into the section of the navigation that has the place for them."""
    made[:] = pages(_description())
    entries = [{page.title: f"reference/{page.name}.md"} for page in made]
    for section in config.nav or []:
        if "API reference" in section:
            section["API reference"] += entries
    return config


def _description() -> Any:
    environment = {
        **os.environ,
        **NOWHERE,
        "SECRET_KEY": "only-to-describe",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "manage.py", "spectacular", "--format", "openapi-json"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        raise PluginError(f"The OpenAPI description cannot be made:\n{told.stderr}")
    return json.loads(told.stdout)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the reference, the tokens of the style sheets, and the font."""
    for page in made:
        files.append(File.generated(config, f"reference/{page.name}.md", content=page.text))
    files.append(File.generated(config, "assets/tokens.css", content=_tokens()))
    files.append(File.generated(config, "assets/inter.woff2", abs_src_path=str(FONT)))
    files.append(File.generated(config, "assets/logo.svg", abs_src_path=str(ROOT / "static/logo.svg")))
    return files


def _tokens() -> str:
    """The colours and sizes of the pages: of `static/css/tokens.css` what stands in `:root`."""
    text = (ROOT / "static/css/tokens.css").read_text()
    found = re.search(r"^  :root \{\n.*?^  \}$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise PluginError("static/css/tokens.css has no :root")
    return found.group().replace("color-scheme: light dark;", "") + "\n"


def on_page_markdown(markdown: str, page: SitePage, config: MkDocsConfig, files: Files) -> str:
    """Writes links that leave `docs/` as paths, and shows the dark screenshot where the page is dark."""
    return SCREENSHOT.sub(_in_both, LINK.sub(lambda found: _outside(found, page.file.src_uri), markdown))


def _in_both(found: re.Match[str]) -> str:
    light, dark = (
        found[0].replace(".png", ".png#only-light"),
        found[0].replace("-light-1440.png", "-dark-1440.png#only-dark"),
    )
    return light + dark


def _outside(found: re.Match[str], page: str) -> str:
    path = normpath(join("docs", dirname(page), found[2]))
    if path.startswith("docs/"):
        return found.group()
    if not (ROOT / path).exists():
        raise PluginError(f"{page} links to {found[2]}, which is not there")
    text = found[1].strip("`")
    return f"`{path}`" if text in (path, Path(path).name) else f"{text} (`{path}`)"
