"""Linear regression on images: SGD whose loss is exactly quadratic, and whose gradient noise is known exactly."""
