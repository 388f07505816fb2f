"""Photographs that the tests make."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.prepared import textured_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes, 90 images to train on and 20 to test on."""
    return textured_photos(tmp_path / "photos")
