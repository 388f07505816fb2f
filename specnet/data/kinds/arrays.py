"""`arrays`: what a program gives as `data=(images, labels)`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, Wanted
from specnet.diagnostics.errors import DataError


class Arrays(Data):
    """Images and labels in the memory of a program: `specnet.train(spec, data=(images, labels))`."""

    kind: Literal["arrays"] = "arrays"
    takes_path = False
    held_out: Annotated[
        float,
        Field(gt=0, lt=1, description="Share of each class to test on, where no arrays are given for it."),
    ] = 0.2

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        message = "the dataset 'arrays' is in the memory of a program, and is given from Python alone"
        raise DataError(message, "data=(images, labels) of specnet.train or specnet.evaluate")
