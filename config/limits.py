"""Settings of how much may come in, wait and be uploaded."""

import os

# A request body may not be larger than this, whole and inflated (bytes).
INGEST_MAX_BODY_BYTES = 16 * 1024 * 1024
INGEST_MAX_INFLATED_BYTES = 64 * 1024 * 1024
# Requests of one team that one process holds at the same time, at work or waiting; the rest is told to come again.
# Fewer than the threads of a process, so that a flood of one team leaves room for the others.
INGEST_MAX_CONCURRENT_PER_TEAM = int(os.environ.get("INGEST_MAX_CONCURRENT_PER_TEAM", "6"))
# Requests at work that the teams share as soon as several report; each has at least one.
INGEST_SHARED_PLACES = int(os.environ.get("INGEST_SHARED_PLACES", "2"))
# What a team may report and keep where its own limits (administration) say nothing else; 0 is no limit.
# (`burst` 0: twice the requests of a second.)
LIMITS = {
    name: int(os.environ.get(f"LIMIT_{name.upper()}", "0"))
    for name in ("requests_per_second", "burst", "steps_per_second", "monthly_executions", "storage_bytes")
}
# Requests a second to the API that reads and sets: of one key, and of all keys of a team; 0 is no limit.
API_LIMITS = {
    "key": int(os.environ.get("LIMIT_API_KEY_PER_SECOND", "50")),
    "team": int(os.environ.get("LIMIT_API_TEAM_PER_SECOND", "200")),
}
# Pages, and changes and exports, a second of one person; thirty seconds of them at once; 0 is no limit.
PAGE_LIMITS = {
    "pages": int(os.environ.get("LIMIT_PAGES_PER_SECOND", "20")),
    "changes": int(os.environ.get("LIMIT_CHANGES_PER_SECOND", "2")),
}
DATA_UPLOAD_MAX_MEMORY_SIZE = INGEST_MAX_BODY_BYTES
# Of requests that bring files to pages.
UPLOAD_MAX_BYTES = 64 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "config.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# What an outbox may hold for one destination (requests; their bytes before packing); the oldest go when it is full.
OUTBOX_MAX_REQUESTS = int(os.environ.get("OUTBOX_MAX_REQUESTS", "20000"))
OUTBOX_MAX_BYTES = int(os.environ.get("OUTBOX_MAX_BYTES", str(1024**3)))
