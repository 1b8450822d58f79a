"""The figures: one a file, each with draw(**datasets) -> matplotlib Figure."""
