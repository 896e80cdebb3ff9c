"""Fibre directions in the arrays of a mesh file: which array they are, and unit vectors per tetrahedron from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from resynchro.errors import InputError
from resynchro.formats.mesh_content import MeshContent
from resynchro.record.finding import Finding
from resynchro.record.mesh_file import FloatArray

#: Shorter than this share of the longest fibre, a vector has no direction.
_NO_LENGTH: Final = 1e-6
#: Up to this share of tetrahedra may be without a fibre; they take the one of their nearest neighbour.
LARGEST_SHARE_WITHOUT_FIBRE: Final = 0.01

_FIBRE_WORDS: Final = (
    *("fibre", "fiber", "fibres", "fibers", "f0", "fibredirection", "fiberdirection", "fibredirections"),
    *("fiberdirections", "fibreorientation", "fiberorientation", "fibrevectors", "fibervectors", "fibervector"),
    *("fibrevector", "myofiber", "myofibre", "myofibers", "longitudinal", "fib", "f", "vectors", "vector"),
)
_SHEET_WORDS: Final = (
    *("sheet", "sheets", "s0", "sheetdirection", "sheetorientation", "sheetvectors", "transverse", "s"),
)


def fibre_array_name(content: MeshContent) -> str | None:
    """Return the name of the array of fibres, or None: by its name and three components, cells before nodes."""
    return _named(content, _FIBRE_WORDS, re.compile("fib(er|re)"), re.compile("sheet|normal|trans|angle|cross"))


def sheet_array_name(content: MeshContent) -> str | None:
    """Return the name of the array of sheet directions (in the sheet, across the fibre), or None."""
    return _named(content, _SHEET_WORDS, re.compile("sheet"), re.compile("normal|angle"))


def _named(content: MeshContent, words: Iterable[str], part: re.Pattern[str], never: re.Pattern[str]) -> str | None:
    for arrays in (content.tetrahedron_arrays, content.point_arrays):
        plain = {
            re.sub("[^a-z0-9]", "", name.lower()): name
            for name, values in arrays.items()
            if values.ndim == 2 and values.shape[1] == 3
        }
        for word in words:
            if word in plain:
                return plain[word]
        for word, name in plain.items():
            if part.search(word) and not never.search(word):
                return name
    return None


def unit_fibres(content: MeshContent, name: str, what: str, findings: list[Finding]) -> FloatArray:
    """Return unit vectors per tetrahedron from an array of the file.

    Parameters
    ----------
    content
        The mesh.
    name
        Name of an array with three components, per tetrahedron or per node. Nodes are averaged over the corners as
        axes, whatever their sign.
    what
        ``fibre`` or ``sheet``, for messages.
    findings
        Gets a remark where vectors were averaged, or some without length took their neighbour's.

    Returns
    -------
    ndarray
        Shape (m, 3), unit vectors.

    Raises
    ------
    InputError
        When there is no such array, it has not three components, or more than `LARGEST_SHARE_WITHOUT_FIBRE` of the
        tetrahedra get no direction from it.
    """
    on_cells = name in content.tetrahedron_arrays
    values = content.tetrahedron_arrays.get(name, content.point_arrays.get(name))
    if values is None:
        there = [*content.tetrahedron_arrays, *content.point_arrays]
        raise InputError(f"has no array {name!r} for the {what}; there are: {', '.join(there[:20]) or 'none'}")
    if values.ndim != 2 or values.shape[1] != 3:
        raise InputError(f"array {name!r} has shape {values.shape}; a {what} needs three components")
    if what == "fibre" and re.search("fib(er|re)|^f0$", name.lower()) is None:
        message = f"Fibres were taken from array {name!r}; if it holds something else, leave fibres aside."
        findings.append(Finding(code="fibre-array", message=message))
    vectors, lacking = _normalised(values)
    if not on_cells:
        vectors, lacking = _normalised(_mean_axes(vectors[content.tetrahedra]))
        message = f"The {what} array {name!r} is given per node; each tetrahedron took the mean axis of its corners."
        findings.append(Finding(code=f"{what}-from-nodes", message=message))
    count = int(np.count_nonzero(lacking))
    if count > LARGEST_SHARE_WITHOUT_FIBRE * len(vectors):
        raise InputError(
            f"{count} of {len(vectors)} tetrahedra have a {what} of zero length in array {name!r}, at most "
            f"{100 * LARGEST_SHARE_WITHOUT_FIBRE:.0f} % are mended; mend the file, or leave its fibres aside so that "
            "they are made by rule"
        )
    if count:
        centres = content.points[content.tetrahedra].mean(axis=1)
        nearest = cKDTree(centres[~lacking]).query(centres[lacking])[1]
        vectors[lacking] = vectors[~lacking][nearest]
        message = f"{count} tetrahedra had a {what} of zero length and took the one of their nearest neighbour."
        findings.append(Finding(code=f"{what}-zero-length", message=message))
    return vectors


def _normalised(values: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return unit vectors (zero where there is no direction) and which have none."""
    finite = np.where(np.isfinite(values).all(axis=1, keepdims=True), values, 0.0)
    scale = float(np.abs(finite).max()) if len(finite) else 0.0
    if scale == 0.0:
        return np.zeros_like(finite), np.ones(len(finite), dtype=bool)
    finite = finite / scale
    length = np.linalg.norm(finite, axis=1)
    lacking = length < _NO_LENGTH
    return finite / np.where(lacking, 1.0, length)[:, None] * ~lacking[:, None], lacking


def _mean_axes(corners: FloatArray) -> FloatArray:
    """Return the mean direction of axes at the corners, shape (m, 4, 3) to (m, 3): signs are matched first."""
    mean = corners[:, 0].copy()
    for corner in range(1, corners.shape[1]):
        mean += _matched(corners[:, corner], mean)
    return sum((_matched(corners[:, corner], mean) for corner in range(corners.shape[1])), np.zeros_like(mean))


def _matched(axis: FloatArray, to: FloatArray) -> FloatArray:
    sign = np.where(np.einsum("ij,ij->i", axis, to) < 0.0, -1.0, 1.0)
    return axis * sign[:, None]
