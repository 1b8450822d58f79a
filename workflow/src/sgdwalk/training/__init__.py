"""Training a network: its batches, loss, learning rate and loop, and the states that a training resumes from."""
