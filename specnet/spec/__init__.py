"""The schema of a full spec file, what is sound in an invalid one, overrides, starters."""
