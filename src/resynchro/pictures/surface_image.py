"""A triangulated surface seen from one side: which triangle shows at every point of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

#: Share of the light that comes from all sides; the rest comes from the viewer's upper left.
_AMBIENT = 0.76
#: A pixel's middle on an edge belongs to both triangles: no gaps from rounding [pixels].
_EDGE = 1e-9
_LIGHT = np.array([-0.35, 0.45, 0.82]) / np.linalg.norm([-0.35, 0.45, 0.82])


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceImage:
    """Pixels over a rectangle of the picture, row 0 at its foot.

    Attributes
    ----------
    left, bottom, pixel
        Corner of the first pixel and side of a pixel, in the coordinates of the picture.
    triangle
        Triangle that shows, shape (rows, columns); -1 where none does.
    weights
        Of the three nodes of that triangle, shape (rows, columns, 3).
    depth
        Nearness to the viewer; -inf where nothing shows.
    """

    left: float
    bottom: float
    pixel: float
    triangle: NDArray[np.int64]
    weights: FloatArray
    depth: FloatArray

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top, as ``imshow`` takes them."""
        rows, columns = self.triangle.shape
        return self.left, self.left + columns * self.pixel, self.bottom, self.bottom + rows * self.pixel

    def at_nodes(self, triangles: IndexArray, values: FloatArray) -> FloatArray:
        """Return values between the nodes, shape (rows, columns) or (rows, columns, k); 0 where nothing shows."""
        shown = self.triangle >= 0
        found = np.zeros((*self.triangle.shape, *values.shape[1:]))
        corners = values[triangles[self.triangle[shown]]]
        found[shown] = np.einsum("ij,ij...->i...", self.weights[shown], corners)
        return found

    def shows(self, places: FloatArray, *, tolerance: float) -> NDArray[np.bool_]:
        """Tell which places (right, up, near), shape (n, 3), are not behind the surface by more than a tolerance."""
        rows, columns = self.triangle.shape
        column = np.floor((places[:, 0] - self.left) / self.pixel).astype(np.int64)
        row = np.floor((places[:, 1] - self.bottom) / self.pixel).astype(np.int64)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        depth = np.full(len(places), -np.inf)
        depth[inside] = self.depth[row[inside], column[inside]]
        return np.asarray(places[:, 2] >= depth - tolerance)


def surface_image(places: FloatArray, triangles: IndexArray, *, pixel: float, margin: float = 0.0) -> SurfaceImage:
    """Find what shows of a surface.

    Parameters
    ----------
    places
        Nodes in the picture: right, up, near, shape (n, 3). A flat drawing has equal nearness everywhere.
    triangles
        Those that may show, shape (t, 3), of either direction of turn.
    pixel
        Side of a pixel, in the coordinates of the picture.
    margin
        Empty room around the surface.

    Returns
    -------
    SurfaceImage
        Of triangles over one another the nearest shows.
    """
    corner = places[triangles]
    flat = corner[:, :, :2].reshape(-1, 2)
    low = flat.min(axis=0) - margin if len(flat) else np.zeros(2)
    high = flat.max(axis=0) + margin if len(flat) else np.ones(2)
    columns, rows = (np.ceil((high - low) / pixel).astype(int) + 1).tolist()
    triangle = np.full(rows * columns, -1, dtype=np.int64)
    weights, depth = np.zeros((rows * columns, 3)), np.full(rows * columns, -np.inf)
    at, owner, share = _fragments(corner, low, pixel, columns)
    near = np.einsum("ij,ij->i", share, corner[owner, :, 2])
    # Of several writes to one pixel the last one stays: from far to near, equals by their number.
    order = np.argsort(near, kind="stable")
    winner = np.full(rows * columns, -1, dtype=np.int64)
    winner[at[order]] = order
    shown = winner >= 0
    triangle[shown], weights[shown], depth[shown] = owner[winner[shown]], share[winner[shown]], near[winner[shown]]
    return SurfaceImage(
        left=float(low[0]),
        bottom=float(low[1]),
        pixel=pixel,
        triangle=triangle.reshape(rows, columns),
        weights=weights.reshape(rows, columns, 3),
        depth=depth.reshape(rows, columns),
    )


def _fragments(
    corner: FloatArray, low: FloatArray, pixel: float, columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Return the pixels whose middle each triangle covers, the triangle, and the weights of its nodes."""
    xy = (corner[:, :, :2] - low) / pixel
    edge_one, edge_two = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    double_area = edge_one[:, 0] * edge_two[:, 1] - edge_one[:, 1] * edge_two[:, 0]
    top, foot = xy[:, :, 1].max(axis=1), xy[:, :, 1].min(axis=1)
    first = np.ceil(foot - 0.5 - _EDGE).astype(np.int64)
    count = np.where(np.abs(double_area) > 1e-9, np.floor(top - 0.5 + _EDGE).astype(np.int64) - first + 1, 0)
    owner, row = _counted(first, np.maximum(count, 0))
    left, right = _row_ends(xy[owner], np.asarray(row + 0.5, dtype=np.float64))
    first = np.ceil(left - 0.5 - _EDGE).astype(np.int64)
    count = np.floor(right - 0.5 + _EDGE).astype(np.int64) - first + 1
    within, column = _counted(first, np.maximum(count, 0))
    owner, row = owner[within], row[within]
    away = np.stack([column + 0.5, row + 0.5], axis=1) - xy[owner, 0]
    one, two, area = edge_one[owner], edge_two[owner], double_area[owner]
    second = (away[:, 0] * two[:, 1] - away[:, 1] * two[:, 0]) / area
    third = (one[:, 0] * away[:, 1] - one[:, 1] * away[:, 0]) / area
    return row * columns + column, owner, np.stack([1.0 - second - third, second, third], axis=1)


def _counted(first: NDArray[np.int64], count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the owner of each of many runs of whole numbers, and the numbers: ``first[k], first[k] + 1, ...``."""
    owner = np.repeat(np.arange(len(first)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[owner]


def _row_ends(xy: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where a level line enters and leaves each triangle, shape (k,)."""
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        start, end = xy[:, one], xy[:, other]
        low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
        rise = end[:, 1] - start[:, 1]
        share = np.clip((y - start[:, 1]) / np.where(rise == 0.0, 1.0, rise), 0.0, 1.0)
        x = start[:, 0] + share * (end[:, 0] - start[:, 0])
        crossed = (y >= low - _EDGE) & (y <= high + _EDGE) & (rise != 0.0)
        left, right = np.where(crossed, np.minimum(left, x), left), np.where(crossed, np.maximum(right, x), right)
    nothing = left > right
    return np.where(nothing, 0.75, left), np.where(nothing, 0.25, right)


def shade(normals: FloatArray) -> FloatArray:
    """Return how bright a surface is for its direction (right, up, near), shape (...): 0 to 1, facing the light 1."""
    length = np.linalg.norm(normals, axis=-1)
    lit = (normals @ _LIGHT) / np.where(length > 0.0, length, 1.0)
    return np.asarray(np.clip(_AMBIENT + (1.0 - _AMBIENT) * np.maximum(lit, 0.0) * 1.08, 0.0, 1.0))


def hatched_pixels(image: SurfaceImage, *, spacing: float, width: float) -> NDArray[np.bool_]:
    """Return the pixels of slanting lines over the whole picture, at a spacing and of a width in its coordinates."""
    rows, columns = image.triangle.shape
    x = image.left + (np.arange(columns) + 0.5) * image.pixel
    y = image.bottom + (np.arange(rows) + 0.5) * image.pixel
    return np.asarray((x[None, :] - y[:, None]) % (spacing * np.sqrt(2.0)) < width * np.sqrt(2.0))
