"""Datasets, and what happens to images between the disk and the network."""
