"""`imagenet`: ILSVRC-2012 from its official archives, from a tree of files, or prepared.

Prepared images are what one trains on: `specnet prepare SRC DST`, then `--data imagenet:DST`. Archives and
trees work too, but every image is decoded whenever it is read, and the statistics are measured first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, Wanted
from specnet.data.kinds.image_folder import HELD_OUT, checked, opened
from specnet.data.kinds.prepared import open_prepared
from specnet.data.prepare import manifest
from specnet.data.sources.files import folder_source
from specnet.data.sources.imagenet import has_archives, imagenet_source
from specnet.data.sources.layout import Choice
from specnet.diagnostics.errors import DataError
from specnet.schema.fields import Count


class ImageNet(Data):
    """The images of the classification task; classes are in the order of their WordNet ids."""

    kind: Literal["imagenet"] = "imagenet"
    size: Annotated[
        Count, Field(le=16384, description="Height and width that images are brought to; the paper's is 256.")
    ] = 256

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        if path is None:
            hint = "specnet prepare SRC DST makes one from the archives; then --data imagenet:DST"
            raise DataError("the dataset 'imagenet' needs a path", hint)
        if not (Path(path) / manifest.NAME).is_file():
            root = checked(path, wanted, self.kind)
            source = (
                imagenet_source(root) if has_archives(root) else folder_source(root, HELD_OUT, _choice(root))
            )
            return opened(source, wanted.shape[0], self.size)
        dataset = open_prepared(Path(path))
        size = dataset.train.shape[1]
        if size != self.size:
            raise DataError(f"{path} is prepared at size {size}, not {self.size}", f"--set data.size={size}")
        return dataset


def _choice(root: Path) -> Choice:
    """The validation images are what ImageNet is tested on; other choices are those of an ordinary folder."""

    def option(options: Mapping[str, str]) -> str:
        given = {"kind": "image_folder", **options}
        inside = ", ".join(f"{name}: {value}" for name, value in given.items())
        return f"--data image_folder:{root} --set 'data={{{inside}}}'"

    return Choice(option, lambda folder: f"--data image_folder:{folder}", test="val")
