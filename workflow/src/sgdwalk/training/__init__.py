"""Training a network: images, batches, losses, schedules, the loop, and its resume states."""
