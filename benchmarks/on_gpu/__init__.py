"""What benchmarks/gpu.py is made of: a bare machine with a GPU, for some minutes."""
