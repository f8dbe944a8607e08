"""What ingestion writes into a payload for the pages: why something is not there."""

# The attribute of an execution that says by which rule its payload was not captured.
CAPTURE_MARK = "steadyrun.capture"
