"""Pictures of runs: learning curves and first-layer kernels."""
