"""Diagnostics about what the schema cannot see: the recipe, unread shares, assumptions, advice."""
