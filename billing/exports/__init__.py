"""Cost lines in the formats that finance uses, streamed."""
