"""A process of its own that turns CSV (machine profile, on its input) into a Parquet file: `-m ... COLUMNS FILE`.

It has pyarrow and nothing of ours, so that the memory of neither adds to the other's. COLUMNS is JSON: pairs of name
and type (`text`, `count`, `money`, `moment`, `day`; `exact` is money that is kept as text). Ends with 3 and the place
of the column where an amount does not fit `decimal128(38, 18)`.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

DIGITS, SCALE = 38, 18
GROUP_ROWS = 5_000
BLOCK_BYTES = 256 * 1024
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
    options = pc.ConvertOptions(
        column_types={name: types[kind] for name, kind in columns}, null_values=[""], strings_can_be_null=True
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
    """Row groups of `GROUP_ROWS` rows; statistics let readers skip those they do not need."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        waiting: list[Any] = []
        for batch in reader:
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting).cast(schema))
                waiting = []
        writer.write_table(pa.Table.from_batches(waiting, schema=reader.schema).cast(schema))


if __name__ == "__main__":
    sys.exit(main())
