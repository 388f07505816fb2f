"""The operations that carry a network out, their placement on devices, and initial values."""
