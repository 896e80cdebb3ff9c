"""Fixtures shared by all rooms."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

#: Real data stand beside the project and are never committed; see CONTRIBUTING.md.
SHARED_DATA = Path(os.environ.get("RESYNCHRO_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return a function that gives a path inside the shared data, or skips the test when it is absent."""

    def path(relative: str) -> Path:
        found = SHARED_DATA / relative
        if not found.exists():
            pytest.skip(f"real data not present: {relative} (set RESYNCHRO_SHARED_DATA to the data folder)")
        return found

    return path
