"""What goes wrong: findings about specs, exceptions, suggestions, and the catalogue of codes."""
