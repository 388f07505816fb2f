"""What is told of the steps of a training: the status line, pictures, TensorBoard."""
