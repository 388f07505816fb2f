"""Run directories: the stored spec, checkpoints, metrics, and listings of them."""
