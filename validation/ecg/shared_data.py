"""Where the real data and the reference documents lie, and how tables are printed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "data"


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with ``--data``: the folder of the real data; the reference folder lies beside it."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("RESYNCHRO_SHARED_DATA", _BESIDE_CHECKOUT))
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help="folder of the real data")
    return parser


def present(folder: Path) -> Path:
    """Return a folder, or stop with one sentence when it is not there."""
    if not folder.exists():
        sys.exit(f"{folder} is not there: give the folder of the real data with --data")
    return folder


def reference_folder(data: Path) -> Path:
    """Return the folder of the reference documents."""
    return present(data.parent / "reference")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Print a markdown table."""
    if title:
        print(f"\n### {title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join("–" if cell is None else str(cell) for cell in row) + " |")
