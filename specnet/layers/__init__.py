"""The layer kinds. One small file for each family; `base.Layer` says what a kind declares."""
