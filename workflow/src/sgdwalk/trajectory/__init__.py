"""Estimators of a recorded trajectory: its windows, distances, MSD and exponents, scaling fits, simulated walks."""
