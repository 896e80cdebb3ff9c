"""Read the heart, activation, electrodes and ECG that the crtdemo example ships."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meshio
import numpy as np
from scipy.spatial import cKDTree

from resynchro.electrics.electrodes import Electrodes
from resynchro.heart.mesh import HeartMesh

#: All that a recarray of numbers needs; anything else in a pickle is refused.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy", "record"): np.record,
    ("numpy.rec", "recarray"): np.recarray,
}


class _NumbersOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return np.ndarray(0).__reduce__()[0]
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed here")
        return _ALLOWED[module, name]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrtDemo:
    """The example: mesh, fibres, activation [ms], electrodes, ECG of shape (12, 206), one sample each millisecond.

    The ECG runs from 5 ms before the earliest activation and is in arbitrary units, upside down: it was made with
    + K Z instead of - K Z, from 1 / r without 1 / (4 pi sigma), conductivities in mS/cm.
    """

    mesh: HeartMesh
    fibre: np.ndarray
    times_ms: np.ndarray
    electrodes: Electrodes
    ecg: np.ndarray


def read_crtdemo(folder: Path) -> CrtDemo:
    """Read the example from its folder ``data/crtdemo``."""
    with (folder / "electrode_pos.pkl").open("rb") as file:
        positions = _NumbersOnly(file).load()
    with (folder / "nb" / "True_ecg").open("rb") as file:
        record = _NumbersOnly(file).load()
    activated = meshio.read(folder / "nb" / "True_endo.vtu")
    points_mm = np.asarray(activated.points, dtype=np.float64)
    tetrahedra = np.ascontiguousarray(activated.cells_dict["tetra"], dtype=np.int32)
    none = np.zeros((0, 3), dtype=np.int32)
    return CrtDemo(
        mesh=HeartMesh(
            points_mm=points_mm,
            tetrahedra=tetrahedra,
            lv_endocardium=none,
            rv_endocardium=none,
            epicardium=none,
            base=none,
        ),
        fibre=_fibre(folder / "crtdemo_f0_oriented.vtk", points_mm, tetrahedra),
        times_ms=np.asarray(activated.point_data["activation"], dtype=np.float64),
        electrodes=Electrodes.from_mapping(positions),
        ecg=np.stack([record[name] for name in record.dtype.names]),
    )


def _fibre(file: Path, points_mm: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """Return the fibre of each tetrahedron, the mean of the vectors at its nodes; their order differs from the mesh."""
    data = file.read_bytes()

    def vectors(after: bytes) -> np.ndarray:
        start = data.index(after) + len(after)
        return np.frombuffer(data, ">f4", 3 * len(points_mm), start).reshape(-1, 3).astype(np.float64)

    places = vectors(f"POINTS {len(points_mm)} float\n".encode())
    node = vectors(b"VECTORS fiber float\n")[cKDTree(places).query(points_mm)[1]]
    mean = node[tetrahedra].mean(axis=1)
    return np.asarray(mean / np.linalg.norm(mean, axis=1)[:, None])
