"""Heavy-tailed gradients: stable laws, alternative distributions, power-law tails."""
