"""Two specs that were made from one, merged by meaning."""
