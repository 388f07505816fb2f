"""What follows a training: metrics, checkpoints, event files, pictures, the status line; each a callback."""
