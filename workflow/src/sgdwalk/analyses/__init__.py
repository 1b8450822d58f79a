"""The analyses: one quantity a file, named as its rule; CONTRACT and compute."""
