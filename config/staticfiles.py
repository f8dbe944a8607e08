"""Front-end packages: served as they are from `node_modules`, under `npm/` among the static files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

PREFIX = "npm"
# Only what pages use: packages carry many more files.
FILES = (
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "chart.js/dist/chart.umd.min.js",
    "chart.js/dist/chart.umd.min.js.map",
    "htmx.org/dist/htmx.min.js",
    # Made by config/fonts.py.
    "steadyrun-fonts/inter-plain.woff2",
)


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # untyped package
    """Static files under hashed names, imports between our ES modules included."""

    support_js_module_import_aggregation = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """The address of a file: worked out once, as every page has sixteen of them and they never change."""
        if settings.DEBUG or force:
            return str(super().url(name, force))
        if name not in self.addresses:
            self.addresses[name] = super().url(name)
        return self.addresses[name]


class NodePackagesFinder(BaseFinder):
    """Finds the listed files of the npm packages as `npm/<package>/<path>`."""

    def __init__(self, app_names: list[str] | None = None, root: Path | None = None) -> None:
        super().__init__()
        self.root = root or Path(settings.BASE_DIR) / "node_modules"
        self.storage = FileSystemStorage(location=self.root)
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]  # collectstatic reads it from the storage

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Warns when a listed file is neither installed nor collected: an image has only what was collected."""
        collected = Path(settings.STATIC_ROOT) / PREFIX
        missing = [name for name in FILES if not (self.root / name).is_file() and not (collected / name).is_file()]
        if not missing:
            return []
        return [
            CheckWarning(f"front-end files are missing: {', '.join(missing)}", hint="Run npm ci.", id="config.W001")
        ]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file that this static path names; an empty list for a path of another finder."""
        name = path.removeprefix(f"{PREFIX}/")
        found = path != name and name in FILES and (self.root / name).is_file()
        match = str(self.root / name)
        if find_all:
            return [match] if found else []
        return match if found else []

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        """Every listed file that is installed."""
        for name in FILES:
            if (self.root / name).is_file():
                yield name, self.storage
