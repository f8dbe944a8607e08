"""Pages of the flow: each view fetches, parses, asks one read, renders."""
