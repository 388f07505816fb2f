"""The training section of a spec: losses, optimizers, schedules, initializers, augmentations."""
