"""The networks, by family; sgdwalk.catalogue knows them by name."""
