"""Writes the bill of materials of the front-end packages, as package-lock.json pins them, in CycloneDX 1.6.

`npm sbom` refuses a tree without the peer packages that we leave out on purpose (see .npmrc).
"""

import base64
import json
import sys
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]


def component(path: str, told: dict[str, str]) -> Component:
    """One package of the lock file; its hash is the one that npm checks."""
    name = path.rpartition("node_modules/")[2]
    kind, _, value = told["integrity"].partition("-")
    digest = HashType(alg=HashAlgorithm[kind.upper().replace("SHA", "SHA_")], content=base64.b64decode(value).hex())
    return Component(
        name=name,
        version=told["version"],
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}@{told['version']}",
        purl=PackageURL("npm", *_split(name), told["version"]),
        hashes=[digest],
    )


def _split(name: str) -> tuple[str | None, str]:
    scope, _, rest = name.rpartition("/")
    return scope or None, rest


def main() -> None:
    """Prints the document."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found = [component(path, told) for path, told in packages.items() if path and not told.get("peer")]
    root = Component(name="steadyrun", type=ComponentType.APPLICATION, bom_ref="steadyrun")
    bom = Bom(components=found)
    bom.metadata.component = root
    bom.register_dependency(root, found)
    sys.stdout.write(JsonV1Dot6(bom).output_as_string(indent=1) + "\n")


if __name__ == "__main__":
    main()
