"""Turning a dataset into shards that are read as fast as the disk is, and their manifest."""
