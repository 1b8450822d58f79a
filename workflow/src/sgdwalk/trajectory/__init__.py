"""The geometry of a recorded walk: distances, MSD exponents, scaling fits, simulated walks."""
