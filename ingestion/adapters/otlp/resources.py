"""What sent spans and log records."""

from ingestion.adapters.otlp.sampling import READERS, rate_of_attribute
from ingestion.adapters.otlp.shapes import Attributes
from ingestion.adapters.otlp.told import as_text
from ingestion.records import Rate
from ingestion.semantics.lookup import UNKNOWN, find, resolve

# Where nothing else says which version it is, the commit does.
_COMMIT = ("vcs.ref.head.revision", "vcs.repository.ref.revision")
_VERSION = ("service.version", *_COMMIT)
MAX_COMMIT = 100
_ENVIRONMENT = ("deployment.environment.name", "deployment.environment")


class Resource:
    """What a resource says about all spans that it sent."""

    __slots__ = ("attributes", "commit", "environment", "instance", "key", "rate", "service", "version")

    def __init__(self, attributes: Attributes, unknown: dict[str, str]) -> None:
        self.attributes = attributes
        self.service = as_text(attributes.get("service.name")) or None
        version = next((attributes[name] for name in _VERSION if attributes.get(name)), None)
        self.version = as_text(version) or None
        self.commit = next((as_text(attributes[name], MAX_COMMIT) for name in _COMMIT if attributes.get(name)), None)
        told = next((attributes[name] for name in _ENVIRONMENT if attributes.get(name)), None)
        self.environment = as_text(told) or None
        self.instance = as_text(attributes.get("n8n.instance.id"))
        self.key = f"resource {self.service}" if self.service else "resource"
        self.rate: Rate | None = None
        for name, value in attributes.items():
            entry = find(name) or resolve(name)
            if entry is UNKNOWN:
                unknown.setdefault(name, "string")
            elif entry.field in READERS:
                self.rate = self.rate or rate_of_attribute(entry.field, name, value)
