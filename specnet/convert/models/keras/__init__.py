"""Models of Keras: `.keras`, `model.to_json()` and whole models in HDF5, of Keras 2 and 3."""
