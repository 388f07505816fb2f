"""A layer kind, a dataset and a backend for specnet."""
