"""JSON log lines: one a line, an array (Logstash, Vector, Fluent Bit) or one object; plain text lines too. Pure."""

from datetime import datetime

from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.adapters.logs.splitting import Broken, split, split_text
from ingestion.adapters.refusals import Undecodable
from ingestion.records import Decoded

NOT_JSON = "is not valid JSON"
TEXT_TYPE = "text/plain"


def read(body: bytes, content_type: str, now: datetime) -> Decoded:
    """What the lines of a body mean. Raises `Undecodable` when none can be read, and `TooLarge`."""
    is_text = content_type.partition(";")[0].strip().lower() == TEXT_TYPE
    records = split_text(body) if is_text and body.lstrip()[:1] not in (b"{", b"[") else split(body)
    if not records:
        raise Undecodable("The body holds no line.")
    reader = Reader(now)
    broken = 0
    for index, record in enumerate(records):
        if isinstance(record, Broken):
            broken += 1
            reader.reject(index, "(line)", NOT_JSON)
        else:
            reader.add(index, Entry(record))
    if broken == len(records):
        raise Undecodable("No line of the body is valid JSON.")
    return reader.decoded()
