"""The data sets, a module for each source: load(...) -> Images; sgdwalk.catalogue knows them by name."""
