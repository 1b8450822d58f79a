"""Data sets, one module per source with load(...) -> Images; sgdwalk.study.registry lists their names."""
