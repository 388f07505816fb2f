"""Layer files of cuda-convnet and cuda-convnet2."""
