"""The order of the rooms holds: a module imports only from rooms before its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "resynchro"

#: What each room may import from, besides itself (see CONTRIBUTING.md).
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "record": {"errors"},
    "formats": {"errors", "record"},
    "ecg": {"errors", "record"},
    "imaging": {"errors", "record"},
    "heart": {"errors", "record"},
    # A simulated ECG is measured by the same code as a real one, and a real one is what the twin is fitted to.
    "electrics": {"errors", "record", "ecg", "heart"},
    "mechanics": {"errors", "record", "heart"},
    "evidence": {"errors", "record"},
    "selection": {"errors", "record", "ecg", "imaging", "evidence"},
}
MAY_IMPORT["planning"] = {
    "errors",
    "record",
    "ecg",
    "imaging",
    "evidence",
    "selection",
    "heart",
    "electrics",
    "mechanics",
}
MAY_IMPORT["followup"] = {"errors", "record", "ecg", "evidence"}
MAY_IMPORT["pictures"] = set(MAY_IMPORT)
MAY_IMPORT["report"] = MAY_IMPORT["pictures"] | {"pictures"}
MAY_IMPORT["cohort"] = {"errors", "record", "planning", "followup"}
MAY_IMPORT["cli"] = set(MAY_IMPORT)

#: Libraries that take long to load: never at the top of a module that the start-up path touches.
HEAVY = {"matplotlib", "pydicom", "wfdb", "nibabel", "meshio", "pandas", "rich", "jinja2"}


def _imports(path: Path) -> list[tuple[int, str]]:
    """Return (line, dotted module) of every import in a file, wherever it stands."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
    return found


def _room(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0].removesuffix(".py")


MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_from_rooms_before_its_own(path: Path) -> None:
    room = _room(path)
    assert room in MAY_IMPORT, f"{room} is no room of the house: add it to the architecture first"
    for line, module in _imports(path):
        if module.startswith("resynchro."):
            other = module.split(".")[1]
            assert other == room or other in MAY_IMPORT[room], f"{path}:{line}: {room} must not import {module}"
        if module == "resynchro":
            assert room == "cli", f"{path}:{line}: import the room, not the package"


def test_heavy_libraries_stay_off_the_start_up_path() -> None:
    """What `import resynchro` and `resynchro --help` load must not hold a heavy library."""
    import subprocess
    import sys

    code = "import sys, resynchro, resynchro.cli; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & (HEAVY | {"numpy", "scipy", "numba"})
