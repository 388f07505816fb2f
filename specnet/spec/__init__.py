"""The schema of a spec file as a whole, what is sound in an invalid one, overrides, starters."""
