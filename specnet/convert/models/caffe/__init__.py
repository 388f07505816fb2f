"""Nets and solvers of Caffe: text (`.prototxt`) and weights (`.caffemodel`)."""
