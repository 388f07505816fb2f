"""YAML text to data that remembers where everything stands, and values back to YAML."""
