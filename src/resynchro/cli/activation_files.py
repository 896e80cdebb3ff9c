"""An activated heart as files for ParaView and 3D Slicer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resynchro.heart.heart import Heart
    from resynchro.heart.mesh import FloatArray


def write_activation(heart: Heart, times_ms: Mapping[str, FloatArray], folder: Path, stem: str) -> tuple[Path, ...]:
    """Write the volume as VTU and the surfaces as VTP, with coordinates, segments, fibres and arrays of times.

    Parameters
    ----------
    heart
        The heart.
    times_ms
        Arrays per node by name, shape (n,) each [ms]; inf (never activated) is written as NaN.
    folder, stem
        Where, and the name of both files without ending.
    """
    from resynchro.formats.heart_export import write_vtp, write_vtu
    from resynchro.heart.heart_arrays import element_arrays, node_arrays, surface_arrays

    mesh = heart.mesh
    arrays = dict(node_arrays(heart)) | dict(times_ms)
    triangles, surface = surface_arrays(heart)
    return (
        write_vtu(folder / f"{stem}.vtu", mesh.points_mm, mesh.tetrahedra, arrays, element_arrays(heart)),
        write_vtp(
            folder / f"{stem}.vtp",
            mesh.points_mm,
            triangles=triangles,
            point_arrays=arrays,
            cell_arrays={"surface": surface},
        ),
    )
