"""The figures: one module per figure, each with draw(**datasets) -> matplotlib Figure."""
