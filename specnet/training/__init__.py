"""The training loop and what surrounds it, free of frameworks."""
