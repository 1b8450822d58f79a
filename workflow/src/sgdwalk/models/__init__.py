"""The networks, by family; sgdwalk.study.registry knows them by name."""
