"""Estimators of a child's limiting dynamics: curvature felt, simulated modes, gradient noise, means with intervals."""
