"""The data sets, a module for each source: load(...) -> Images; sgdwalk.study.registry knows them by name."""
