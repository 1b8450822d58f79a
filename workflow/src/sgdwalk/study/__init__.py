"""A study: its settings, runs and figures, read and checked. What the Snakefile imports of it loads no torch."""
