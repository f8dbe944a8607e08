"""Log lines by five protocols. `lines` says what one record means; the other modules only unpack their protocol."""
