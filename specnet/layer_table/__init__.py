"""The layer table: shapes, windows, parameters, multiply-accumulates and memory, per layer and per group.

Parameters are the trainable ones. `activations` counts the outputs of layers that have parameters. A
cross-group edge is one producer's share read in one other group, and its values are counted per image.
Memory is that of a layer's outputs in float32, for the images of one step.
"""

from specnet.layer_table.making import make
from specnet.layer_table.table import GroupTotal, Row, Table, Totals

__all__ = ["GroupTotal", "Row", "Table", "Totals", "make"]
