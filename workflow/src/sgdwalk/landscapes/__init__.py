"""The loss surface around trained weights: Hessian, planes, simulated surfaces of known dimension."""
