"""Networks, one module per family; sgdwalk.study.registry lists their names."""
