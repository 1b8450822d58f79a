"""Stable distributions: density, sampling, maximum likelihood and intervals."""
