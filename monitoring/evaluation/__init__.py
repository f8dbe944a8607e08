"""The product's own analysis on labelled files, without a database: a module for each kind, with `answer_file`."""
