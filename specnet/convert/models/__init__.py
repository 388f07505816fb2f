"""Models of other frameworks as specs."""
