"""Edits of specs of which it is known what they change, and the proof that diffs say so.

- `data`: specs as plain mappings, and what is read and named in them.
- `edit`: one edit, with what is true of it; the kinds of edit by name.
- `renaming`, `placing`, `writing`, `folding`, `long_form`, `changing`, `joining`: the kinds.
- `networks`: what is edited.
- `outputs`: what networks compute, in float64.
- `pair`: an edited spec beside the first one, and what a diff and its mapping of weights say.
- `claims`: all of that, held against the truth.
- `known`: pairs of texts of which the truth is known.
- `proof`: all kinds on many networks, and the figures.
"""

from editing import changing, folding, joining, long_form, placing, renaming, writing
from editing.edit import KINDS

__all__ = ["KINDS", "changing", "folding", "joining", "long_form", "placing", "renaming", "writing"]
