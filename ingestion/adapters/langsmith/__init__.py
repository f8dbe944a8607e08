"""The LangSmith SDK as a way in: its requests as neutral records. Pure; the clock is passed in.

`sent` splits a request into runs and judgements, `reports` turns those into records of executions. What the clients
send was read in the Python and JS packages `langsmith` and seen on the wire; `docs/sources/langsmith.md` tells it.
"""

from ingestion.adapters.langsmith.reports import ask_for, to_records
from ingestion.adapters.langsmith.sent import Sent, read_batch, read_judgement, read_multipart, read_run

__all__ = ["Sent", "ask_for", "read_batch", "read_judgement", "read_multipart", "read_run", "to_records"]
