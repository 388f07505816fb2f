"""A spec as a checked graph: nodes, shapes, memory, and what there is to say about them."""
