"""Pages of the flow, one module each."""
