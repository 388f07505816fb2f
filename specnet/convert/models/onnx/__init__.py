"""ONNX: a graph of operators on named tensors, with its weights as initializers."""
