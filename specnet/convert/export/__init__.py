"""Networks as other programs read them."""
