"""Importing TensorFlow without its greeting.

TensorFlow writes to file descriptor 2 from C++ while it is imported, before any setting of its own can stop
it. The descriptor is turned to a file for that moment; if the import fails, what was written is shown.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """What is written to standard error meanwhile shows up only if there is an exception."""
    try:
        kept = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            written.seek(0)
            sys.stderr.write(written.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if os.environ.get("OMP_NUM_THREADS", "").isdecimal():
    # As many threads as PyTorch takes: sums over other pieces round to other last bits.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ["OMP_NUM_THREADS"])
if "tensorflow" not in sys.modules:
    with _aside():
        import tensorflow  # noqa: F401
