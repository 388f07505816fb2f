"""The layer table and the forms in which it is printed."""
