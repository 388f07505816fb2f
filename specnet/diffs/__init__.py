"""What changed between two specs, and what follows for shapes, parameters, cost and traffic."""
