"""Weights in and out: between a run and plain files of tensors.

A safetensors file holds canonical names, or those of a hand-written PyTorch model; a `.weights.h5` file is
what `keras.Model.save_weights` writes. Files are untrusted: nothing of them is ever unpickled or run, and
names, shapes and types are checked before the values are read. `docs/weights.md` describes both ways and the
mapping file.
"""

from specnet.convert.weights import carry, exporting, importing
from specnet.schema.arguments import public

carry_weights = public()(carry.carry_weights)
export_weights = public(format="form", map="mapping")(exporting.export_weights)
import_weights = public(map="mapping")(importing.import_weights)

__all__ = ["carry_weights", "export_weights", "import_weights"]
