"""A network as an ONNX model, written operator by operator: no framework is asked."""
