"""A process of its own that turns CSV (machine profile, on its input) into a Parquet file: `-m ... COLUMNS FILE`.

It has pyarrow and nothing of ours, so that the memory of neither adds to the other's. COLUMNS is JSON: pairs of name
and type (`text`, `count`, `money`, `moment`, `day`; `exact` is money that is kept as text). Ends with 3 and the place
of the column where an amount does not fit `decimal128(38, 18)`.
"""

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

DIGITS, SCALE = 38, 18
GROUP_ROWS = 6_000
BLOCK_BYTES = 128 * 1024
# Of a column's pages, so that few are in memory.
PAGE_BYTES, DICTIONARY_BYTES, BATCH_ROWS = 64 * 1024, 128 * 1024, 1_024
DOES_NOT_FIT = 3
NOTE = f"Exact decimal text: an amount of this file has more digits than decimal128({DIGITS}, {SCALE}) holds."


def main() -> int:
    """Converts; the exit code."""
    import pyarrow as pa
    import pyarrow.csv as pc

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.set_memory_pool(pa.system_memory_pool())
    columns: list[tuple[str, str]] = [(name, kind) for name, kind in json.loads(sys.argv[1])]
    types = {
        "text": pa.string(),
        "exact": pa.string(),
        "count": pa.int64(),
        "money": pa.decimal128(DIGITS, SCALE),
        "moment": pa.timestamp("s", tz="UTC"),
        "day": pa.date32(),
    }
    # Most texts come again: read as numbers of a dictionary, they take a fraction of the memory.
    read = {**types, "text": pa.dictionary(pa.int32(), pa.string())}
    options = pc.ConvertOptions(
        column_types={name: read[kind] for name, kind in columns}, null_values=[""], strings_can_be_null=True
    )
    try:
        reader = pc.open_csv(
            sys.stdin.buffer,
            read_options=pc.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            parse_options=pc.ParseOptions(newlines_in_values=True),
            convert_options=options,
        )
        _write(reader, _schema(columns, types), Path(sys.argv[2]))
    except pa.ArrowInvalid as error:
        found = re.search(r"column #(\d+)", str(error))
        if not found or columns[int(found[1])][1] != "money":
            raise
        sys.stdout.write(found[1])
        return DOES_NOT_FIT
    return 0


def _schema(columns: list[tuple[str, str]], types: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.schema(
        [pa.field(name, types[kind], metadata={"note": NOTE} if kind == "exact" else None) for name, kind in columns],
        metadata={"money": f"decimal128({DIGITS}, {SCALE}), or text with all digits where a column's note says so"},
    )


def _write(reader: Any, schema: Any, path: Path) -> None:
    """Row groups of about `GROUP_ROWS` rows; statistics of times let readers skip those they do not need."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits = {"data_page_size": PAGE_BYTES, "dictionary_pagesize_limit": DICTIONARY_BYTES}
    limits |= {"write_batch_size": BATCH_ROWS}
    # Of all columns, statistics would be most of what a file of hundreds of groups keeps in memory to its end.
    times = [field.name for field in schema if pa.types.is_temporal(field.type)]
    packed = {"compression": "zstd", "compression_level": 1, "write_statistics": times, "store_schema": False}
    with pq.ParquetWriter(path, reader.schema, **packed, **limits) as writer:
        waiting: list[Any] = []
        for batch in reader:
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting).unify_dictionaries())
                waiting = []
                pa.default_memory_pool().release_unused()
        writer.write_table(pa.Table.from_batches(waiting, schema=reader.schema).unify_dictionaries())
        # What readers of Arrow see: texts, not the dictionaries that they were written from.
        writer.add_key_value_metadata({"ARROW:schema": base64.b64encode(schema.serialize())})


if __name__ == "__main__":
    sys.exit(main())
