"""PyTorch: archives of torch.export, a graph of aten's operators as JSON beside plain weights."""
