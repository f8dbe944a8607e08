"""A process of its own that writes and reads the archive: `-m monitoring.store.archive_process`.

It has pyarrow and nothing of ours. The first line of its input is the order (JSON: what to do, folder, address, keys);
to write, rows follow as lines `[table, {column: value}]`. It writes such lines when it reads. Columns of Parquet are
text: values as PostgreSQL writes them as JSON; columns that hold objects or lists are JSON and stand in the manifest.
"""

import hashlib
import io
import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

MANIFEST = "manifest.json"


def main() -> int:
    """Does what is ordered; the exit code."""
    order = json.loads(sys.stdin.buffer.readline())
    system, root = _open(order)
    folder = f"{root}/{order['folder']}"
    if order["do"] == "write":
        _write(system, folder, order["about"])
    else:
        _read(system, folder)
    return 0


def _open(order: dict[str, str]) -> tuple[Any, str]:
    """The file system of the address, and the folder in it."""
    from pyarrow import fs

    parts = urlsplit(order["url"])
    if parts.scheme == "file":
        return fs.LocalFileSystem(), parts.path.rstrip("/")
    options: dict[str, Any] = {"region": "us-east-1", "connect_timeout": 10, "request_timeout": 120}
    if order["endpoint"]:
        endpoint = urlsplit(order["endpoint"])
        options |= {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme}
    if order["key"]:
        options |= {"access_key": order["key"], "secret_key": order["secret"]}
    else:
        options["anonymous"] = True
    return fs.S3FileSystem(**options), f"{parts.netloc}{parts.path.rstrip('/')}"


def _write(system: Any, folder: str, about: dict[str, Any]) -> None:
    """One file a table; the manifest comes last: a folder without one is not whole."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in sys.stdin.buffer:
        table, row = json.loads(line)
        rows.setdefault(table, []).append(row)
    system.create_dir(folder, recursive=True)
    tables: dict[str, Any] = {}
    for table, found in rows.items():
        body, structured = _parquet(found)
        with system.open_output_stream(f"{folder}/{table}.parquet") as file:
            file.write(body)
        digest = hashlib.sha256(body).hexdigest()
        tables[table] = {"rows": len(found), "bytes": len(body), "sha256": digest, "json": structured}
    with system.open_output_stream(f"{folder}/{MANIFEST}") as file:
        file.write(json.dumps({**about, "tables": tables}, indent=1).encode())


def _parquet(rows: list[dict[str, Any]]) -> tuple[bytes, list[str]]:
    """The file, and the names of the columns that are JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(rows[0])
    structured = [name for name in names if any(isinstance(row[name], dict | list) for row in rows)]
    columns = {
        name: pa.array([_text(row[name], is_json=name in structured) for row in rows], pa.string()) for name in names
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd", row_group_size=10_000)
    return sink.getvalue(), structured


def _text(value: Any, *, is_json: bool) -> str | None:
    if value is None or (isinstance(value, str) and not is_json):
        return value
    return json.dumps(value)


def _read(system: Any, folder: str) -> None:
    """All whole parts of a folder, checked, as lines."""
    from pyarrow import fs

    found = system.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
    for path in sorted(one.path for one in found if one.path.endswith(f"/{MANIFEST}")):
        with system.open_input_stream(path) as file:
            manifest = json.loads(file.read())
        for table, told in manifest["tables"].items():
            _read_table(system, path.removesuffix(MANIFEST), table, told)


def _read_table(system: Any, folder: str, table: str, told: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    with system.open_input_stream(f"{folder}{table}.parquet") as file:
        body = file.read()
    if hashlib.sha256(body).hexdigest() != told["sha256"]:
        raise SystemExit(f"{folder}{table}.parquet is damaged: its checksum differs from the manifest's")
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    if len(rows) != told["rows"]:
        raise SystemExit(f"{folder}{table}.parquet has {len(rows)} rows, its manifest tells {told['rows']}")
    for row in rows:
        values = {name: json.loads(text) if text and name in told["json"] else text for name, text in row.items()}
        sys.stdout.write(json.dumps([table, values]) + "\n")


def _end(code: int) -> None:
    """Ends without taking pyarrow down: its threads may still be at their end, and the process is aborted then."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _end(main())
