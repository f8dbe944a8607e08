"""Ways in: protocols, keys, acceptance. Turns what is reported into neutral records and stores them."""
