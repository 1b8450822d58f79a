"""The tables: modules named as rules, each with compute(...) -> pandas.DataFrame, and the parts of claims."""
