"""The loss surface around trained weights: curvature, planes, rough surfaces of known dimension."""
