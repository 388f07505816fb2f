"""The datasets that a spec can name."""
