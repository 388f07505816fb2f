"""Names that are not data: what systems and programs leave beside images.

All readers pass over them, files and folders alike and at every level, and say that they did.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

NAMES = frozenset(
    {
        *("__macosx", "icon\r", "network trash folder", "temporary items"),  # macOS
        *("$recycle.bin", "recycler", "system volume information"),  # Windows
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        *("lost+found", "lost.dir"),  # file systems
        *("@eadir", "@tmp", "#recycle", "#snapshot"),  # Synology
        *("@recycle", "@__thumb", "@recently-snapshot"),  # QNAP
        "__pycache__",
    }
)
"""In lower case; the case does not matter."""

_PATTERNS = re.compile(
    r"\.+[^.].*"  # hidden: .DS_Store, ._1.jpg, .ipynb_checkpoints, .Trash-1000
    r"|.*~|~\$.*"  # copies that editors keep, locks
    r"|.*\.(part|partial|filepart|crdownload|download|aria2|tmp)"  # downloads that did not end
    r"|found\.\d{3}",  # what Windows' chkdsk has found
    re.DOTALL,
)


def is_not_data(name: str) -> bool:
    """Whether a file or folder of that name is to be passed over."""
    lower = name.lower()
    return lower in NAMES or _PATTERNS.fullmatch(lower) is not None


def not_data_in(path: str) -> str | None:
    """The first part of a path in an archive that is not data, a folder on the way or the file itself."""
    return next((part for part in PurePosixPath(path).parts if is_not_data(part)), None)
