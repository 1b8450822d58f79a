"""The tables: one a file, named as its rule, each with compute(...) -> pandas.DataFrame."""
