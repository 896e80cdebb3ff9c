"""Read mesh files of other programs, and damaged ones, and print what became of them.

    python validation/electrics/mesh_files.py [--count 20000] [--seed 1] [--peer-files DIR]

Real files come from the folder RESYNCHRO_SHARED_DATA. ``--peer-files`` names a folder that
``mesh_files_of_vtk_and_gmsh.py`` has filled. Damaged files are made of all of these below 1 MB and of files that the
project writes. The exit status is 1 when anything but InputError leaves the reader, or a file takes more than 2 s.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from resynchro.errors import InputError
from resynchro.formats.heart_export import write_carp, write_vtu
from resynchro.formats.heart_mesh_file import read_heart_mesh
from resynchro.heart.mesh_check import check_tetrahedra

REAL = (
    "mesh/crtdemo/data/crtdemo/crtdemo_mesh_oriented.vtk",
    "mesh/crtdemo/data/crtdemo/nb/True_endo.vtu",
    "mesh/crtdemo/data/crtdemo/nb/True_LVtree.vtu",
    "activation/fim_eikonal/example/box.vtu",
    "activation/fim_eikonal/example/result.vtu",
    "mesh/cobiveco/examples/geo1/heart.vtp",
    "mesh/cobiveco/examples/geo2/heart_epi.ply",
)
WORDS = (b"1000000000000", b"-1", b"99999999", b"4294967295", b"0", b"nan", b"1e400", b"18446744073709551615", b"")
BYTES = (b"\xff" * 8, b"\x00" * 8, b"\x7f" + b"\xff" * 7, b"\x00" * 4 + b"\xff" * 4, b"\n$End", b"<!--")


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the content with one kind of damage: bytes, cuts, insertions, copies, numbers of headings."""
    data = bytearray(content)
    at, kind = int(rng.integers(len(data))), int(rng.integers(7))
    if kind == 0:
        for place in rng.integers(0, len(data), rng.integers(1, 20)):
            data[place] = int(rng.integers(256))
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        del data[at : at + int(rng.integers(1, 200))]
    elif kind == 3:
        data[at:at] = BYTES[int(rng.integers(len(BYTES)))]
    elif kind == 4:
        data[at : at + 8] = BYTES[int(rng.integers(4))]
    elif kind == 5:
        start, length = int(rng.integers(len(data))), int(rng.integers(1, 100))
        data[at : at + length] = data[start : start + length]
    elif numbers := list(re.finditer(rb"\d+", content[:4000])):
        found = numbers[min(len(numbers) - 1, int(rng.exponential(15.0)))]
        data[found.start() : found.end()] = WORDS[int(rng.integers(len(WORDS)))]
    return bytes(data)


def print_what_is_read(files: list[Path]) -> None:
    for path in files:
        start = time.perf_counter()
        try:
            mesh = read_heart_mesh(path)
        except InputError as error:
            print(f"| {path.name} | refused: {str(error).removeprefix(str(path) + ': ')} |")
            continue
        read_s = time.perf_counter() - start
        start = time.perf_counter()
        try:
            checked = check_tetrahedra(mesh.points_mm, mesh.tetrahedra)
            said = "; ".join(finding.code for finding in (*mesh.findings, *checked.findings)) or "nothing to say"
        except InputError as error:
            said = f"check: {error}"
        check_s = time.perf_counter() - start
        arrays = ", ".join((*mesh.point_arrays, *mesh.cell_arrays, *mesh.surfaces))
        print(
            f"| {path.name} | {mesh.format} | {len(mesh.points_mm)} | {len(mesh.tetrahedra)} | {mesh.fibre_array} | "
            f"{mesh.region_array} | {arrays} | {said} | {read_s:.2f} | {check_s:.2f} |"
        )


def print_peers(folder: Path) -> None:
    """Compare every file of VTK and gmsh with the arrays they were written from, whatever the order of elements."""
    truth = np.load(folder / "truth.npz")
    tree = cKDTree(truth["points"][truth["cells"]].mean(axis=1))
    tally: Counter[str] = Counter()
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".vtk", ".vtu", ".msh"):
            continue
        try:
            mesh = read_heart_mesh(path)
        except InputError as error:
            tally[f"refused: {str(error).removeprefix(str(path) + ': ')}"] += 1
            continue
        far, twin = tree.query(mesh.points_mm[mesh.tetrahedra].mean(axis=1))
        same = len(mesh.tetrahedra) == len(truth["cells"]) and far.max() < 1e-6 and len(np.unique(twin)) == len(twin)
        if mesh.fibre is not None:
            same &= float(np.abs(mesh.fibre - truth["fibre"][twin]).max()) < 1e-6
        kind = "legacy VTK" if path.suffix == ".vtk" else path.suffix[1:]
        tally[f"{kind}, {'with' if mesh.fibre is not None else 'without'} fibres: {'same' if same else 'differs'}"] += 1
    for outcome, number in sorted(tally.items()):
        print(f"| {number} | {outcome} |")


def fuzzed(files: list[Path], count: int, seed: int) -> int:
    """Damage files, read them, print the tally; return how many ended in anything but a mesh or an InputError."""
    rng = np.random.default_rng(seed)
    tally: Counter[tuple[str, str]] = Counter()
    slowest, wrong = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            source = files[number % len(files)]
            parts = [source]
            if source.suffix == ".pts":
                parts = [source.with_suffix(ending) for ending in (".pts", ".elem", ".lon")]
            hit = int(rng.integers(len(parts)))
            for index, part in enumerate(parts):
                content = part.read_bytes()
                (Path(folder) / part.name).write_bytes(damaged(content, rng) if index == hit else content)
            start = time.perf_counter()
            form = source.suffix
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    read_heart_mesh(Path(folder) / source.name)
                tally[form, "still read"] += 1
            except InputError:
                tally[form, "InputError"] += 1
            except Exception as error:
                wrong += 1
                tally[form, "other"] += 1
                print(f"{source.name}: {type(error).__name__}: {error}", file=sys.stderr)
            slowest = max(slowest, time.perf_counter() - start)
    for form, outcome in sorted(tally):
        print(f"| {form} | {outcome} | {tally[form, outcome]} |")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count} damaged files, {wrong} other errors, slowest {slowest:.2f} s, memory of the process {memory} MiB")
    return wrong + (slowest > 2.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer-files", type=Path)
    options = parser.parse_args()
    shared = Path(os.environ.get("RESYNCHRO_SHARED_DATA", "."))
    real = [shared / name for name in REAL if (shared / name).exists()]
    peers = sorted(options.peer_files.glob("*.*")) if options.peer_files else []
    print("| file | form | nodes | tetrahedra | fibre | region | other arrays | findings | read s | check s |")
    print_what_is_read(real)
    if options.peer_files:
        print_peers(options.peer_files)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        points = np.random.default_rng(0).uniform(0.0, 80.0, (60, 3))
        cells = np.arange(60).reshape(15, 4)
        write_vtu(own / "own.vtu", points, cells, {"activation_ms": points[:, 0]}, {"fibre": points[cells[:, 0]]})
        write_carp(own / "own", points, cells, fibre=points[cells[:, 0]])
        small = [path for path in [*real, *peers] if path.stat().st_size < 1_000_000 and path.suffix != ".npz"]
        return int(fuzzed([own / "own.vtu", own / "own.pts", *small], options.count, options.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
