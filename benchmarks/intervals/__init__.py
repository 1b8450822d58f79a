"""How often 95 % intervals hold the truth, estimator by estimator: each module is a table of docs/coverage.md.

A module has TITLE and NOTE (the head of its table), KINDS (of walks or samples), FAST (those of the short version),
SHARE (one in so many of the walks is made, where a fit is slow), `one(kind, seed)`, which measures one of
them, {quantity: (estimate, low, high, supported)}, and `truths(kind)`, {quantity: true value}.
"""
