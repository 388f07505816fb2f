"""Which layer of one spec is which of another."""
