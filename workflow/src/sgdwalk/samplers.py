"""The ways in which minibatches are drawn, by name (key `sampler` of a run; wildcard of the linear regression)."""

SAMPLERS = INDEPENDENT, SHUFFLED = "independent", "shuffled-epochs"
