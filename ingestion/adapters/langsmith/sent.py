"""Splitting a request of the SDK into what it tells: runs (posts and patches) and judgements.

A run that cannot be read is rejected alone. Of attachments only name, type and size are read, never the bytes.
"""

from typing import Any

from msgspec import Struct
from multipart import (  # type: ignore[import-untyped]  # it has no type hints that mypy reads
    MultipartError,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from ingestion.adapters.langsmith.told import as_object, mend, read_flawed_json, read_json
from ingestion.adapters.refusals import ITEM, Refused, TooLarge, Undecodable, type_word
from ingestion.records import Rejection

MAX_RUNS = 10_000
MAX_PARTS = 100_000
MAX_HEADER_BYTES = 4_096
SIDE_PARTS = frozenset({"inputs", "outputs", "events", "extra", "error", "serialized"})
_OPERATIONS = ("post", "patch")
_MAX_SAMPLE = 100


class SentRun(Struct):
    """One post or patch of a run: its place in the request, its fields, and its attachments by name."""

    index: int
    is_patch: bool
    run: dict[str, Any]
    attachments: dict[str, dict[str, Any]]


class SentJudgement(Struct):
    """One feedback: its place in the request, and its fields."""

    index: int
    told: dict[str, Any]


class Sent(Struct):
    """What a request tells, the items that cannot be read, and names of parts that nobody knows."""

    runs: list[SentRun] = []
    judgements: list[SentJudgement] = []
    rejected: list[Rejection] = []
    unknown: dict[str, str] = {}

    def reject(self, index: int, refused: Refused, about: Any = None) -> None:
        """Notes why an item is refused; `about` is the id that it was sent with."""
        sample = about[:_MAX_SAMPLE] if isinstance(about, str) else None
        self.rejected.append(Rejection(index=index, field=refused.field, reason=refused.reason, sample=sample))

    def add_run(
        self,
        index: int,
        run: Any,
        *,
        is_patch: bool,
        attachments: dict[str, Any] | None = None,
        is_flawed: bool = False,
    ) -> None:
        """Takes a run in, or rejects what is no object or too deep."""
        try:
            told = mend(run, ITEM) if is_flawed else run
            if not isinstance(told, dict):
                raise Refused(ITEM, f"must be an object, not {type_word(told)}")
            self.runs.append(SentRun(index, is_patch, told, attachments or {}))
        except Refused as refused:
            self.reject(index, refused, as_object(run).get("id"))


class _Parts(Struct):
    """The parts of one item: the one with the item itself, and the others by field."""

    index: int
    main: bytes | None = None
    sides: dict[str, bytes] = {}


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary")
    if kind.lower() != "multipart/form-data" or not boundary:
        raise Undecodable("Content-Type must be multipart/form-data with a boundary")
    return str(boundary)


class _Splitter:
    """Collects the parts of a body by the item that they belong to."""

    def __init__(self) -> None:
        self.sent = Sent()
        self.items: dict[tuple[str, str], _Parts] = {}
        self.attachments: dict[str, dict[str, dict[str, Any]]] = {}

    def take(self, name: str, content_type: str | None, size: int, body: bytes) -> None:
        """Takes one part. Names are `post.<id>`, `patch.<id>.outputs`, `feedback.<id>`, `attachment.<id>.<name>`."""
        kind, _, rest = name.partition(".")
        about, _, field = rest.partition(".")
        if kind == "attachment" and about and field:
            told = {"type": content_type, "bytes": size}
            self.attachments.setdefault(about, {})[field] = told
        elif kind in (*_OPERATIONS, "feedback") and about and (not field or self._is_side(kind, field)):
            parts = self.items.get((kind, about))
            if parts is None:
                parts = self.items[kind, about] = _Parts(len(self.items))
            if field:
                parts.sides[field] = body
            else:
                parts.main = body
        else:
            self.sent.unknown[f"part {_pattern(kind, field)}"[:200]] = "part"

    @staticmethod
    def _is_side(kind: str, field: str) -> bool:
        return kind in _OPERATIONS and field in SIDE_PARTS

    def finish(self) -> Sent:
        """Everything that was told, with the attachments at their runs."""
        if len(self.items) > MAX_RUNS:
            raise TooLarge(f"A body may hold at most {MAX_RUNS:,} runs; this one has {len(self.items):,}.")
        for (kind, about), parts in self.items.items():
            try:
                told = self._read(parts)
            except Refused as refused:
                self.sent.reject(parts.index, refused, about)
                continue
            if kind == "feedback":
                self.sent.judgements.append(SentJudgement(parts.index, told))
            else:
                told.setdefault("id", about)
                files = self.attachments.pop(about, None)
                self.sent.add_run(parts.index, told, is_patch=kind == "patch", attachments=files)
        if self.attachments:
            self.sent.unknown["part attachment of a run that is not in the request"] = "part"
        return self.sent

    @staticmethod
    def _read(parts: _Parts) -> dict[str, Any]:
        if parts.main is None:
            raise Refused(ITEM, "has no part with the run itself, only with its fields")
        told = read_json(parts.main, ITEM)
        if not isinstance(told, dict):
            raise Refused(ITEM, f"must be an object, not {type_word(told)}")
        for field, body in parts.sides.items():
            told[field] = read_json(body, field)
        return told


def _pattern(kind: str, field: str) -> str:
    """A part's name without the id in it."""
    return ".".join(filter(None, (kind, "<id>" if field else "", field)))


def read_multipart(body: bytes, content_type: str) -> Sent:
    """A body of `POST /runs/multipart`. Raises `Undecodable` or `TooLarge`."""
    splitter = _Splitter()
    parser = PushMultipartParser(
        _boundary(content_type), max_segment_count=MAX_PARTS, max_header_size=MAX_HEADER_BYTES, content_length=len(body)
    )
    try:
        with parser:
            _feed(parser, body, splitter)
    except ParserLimitReached as error:
        raise TooLarge(f"The body passes a limit: {error}. It may have {MAX_PARTS:,} parts.") from error
    except MultipartError as error:
        raise Undecodable(f"The body is not valid multipart/form-data: {error}") from error
    return splitter.finish()


def _feed(parser: PushMultipartParser, body: bytes, splitter: _Splitter) -> None:
    chunks: list[bytes] = []
    name, content_type, size, is_file = "", None, 0, False
    for event in parser.parse(body):
        if event is None:
            splitter.take(name, content_type, size, b"".join(chunks))
        elif isinstance(event, bytes | bytearray):
            size += len(event)
            if not is_file:
                chunks.append(bytes(event))
        else:
            name, content_type = event.name or "", event.content_type
            chunks, size, is_file = [], 0, name.startswith("attachment.")


def _read_object(body: bytes) -> tuple[dict[str, Any], bool]:
    """The object of a body, and whether its values have to be mended."""
    try:
        told, is_flawed = read_flawed_json(body, "The body")
    except Refused as refused:
        raise Undecodable(f"{refused.field} {refused.reason}") from None
    if not isinstance(told, dict):
        raise Undecodable(f"The body must be an object, not {type_word(told)}")
    return told, is_flawed


def read_batch(body: bytes) -> Sent:
    """A body of `POST /runs/batch`: lists of runs under `post` and `patch`. Raises `Undecodable` or `TooLarge`."""
    told, is_flawed = _read_object(body)
    sent, runs = Sent(), []
    for name in _OPERATIONS:
        listed = told.pop(name, None) or []
        if not isinstance(listed, list):
            raise Undecodable(f"{name} must be a list, not {type_word(listed)}")
        runs += [(name == "patch", run) for run in listed]
    if len(runs) > MAX_RUNS:
        raise TooLarge(f"A body may hold at most {MAX_RUNS:,} runs; this one has {len(runs):,}.")
    for index, (is_patch, run) in enumerate(runs):
        sent.add_run(index, run, is_patch=is_patch, is_flawed=is_flawed)
    sent.unknown.update({f"batch.{name}"[:200]: type_word(value) for name, value in told.items()})
    return sent


def read_run(body: bytes, run_id: str | None = None) -> Sent:
    """A body of `POST /runs`, or of `PATCH /runs/<run_id>`. Raises `Undecodable`."""
    told, is_flawed = _read_object(body)
    if run_id is not None:
        told["id"] = run_id
    sent = Sent()
    sent.add_run(0, told, is_patch=run_id is not None, is_flawed=is_flawed)
    return sent


def read_judgement(body: bytes) -> Sent:
    """A body of `POST /feedback`. Raises `Undecodable`."""
    told, is_flawed = _read_object(body)
    try:
        return Sent(judgements=[SentJudgement(0, mend(told, ITEM) if is_flawed else told)])
    except Refused as refused:
        raise Undecodable(f"The body {refused.reason}") from None
