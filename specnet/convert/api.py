"""What `specnet` offers of this room: models and weights, in and out."""

from specnet.convert.export.exporting import export_model
from specnet.convert.models.importing import import_model
from specnet.convert.weights import carry_weights, export_weights, import_weights

__all__ = ["carry_weights", "export_model", "export_weights", "import_model", "import_weights"]
