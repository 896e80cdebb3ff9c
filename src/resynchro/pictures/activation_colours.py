"""The colours of activation: red early, blue late, one colour from one isochrone to the next, scar hatched."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE
from resynchro.pictures.appearance import INK, SMALL_PT
from resynchro.pictures.bullseye import BullseyeScale
from resynchro.pictures.isochrones import STEP_MS, is_heavy
from resynchro.pictures.surface_image import SurfaceImage, hatched_pixels

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

#: The colours end at a multiple of this, so that most hearts of one kind share a scale [ms].
_SPAN_STEP_MS = 60.0
#: Red is early and blue is late, as on mapping systems. Of the diverging maps it is one that people with any common
#: colour blindness tell apart (Brewer CA, https://colorbrewer2.org); hue, not lightness, carries the time, because
#: lightness carries the shape of the heart.
_COLOURS = "RdYlBu"
_NO_TIME, _HATCH = (0.80, 0.80, 0.80), (0.35, 0.35, 0.35)
#: Slanting lines over what is silent, and over a border zone: spacing and width [mm of the picture].
_SILENT_LINES_MM, _BORDER_LINES_MM = (1.6, 0.3), (2.4, 0.35)


def activation_scale(times_ms: FloatArray, *, label: str = "activation [ms]") -> BullseyeScale:
    """Return the colours of activation: red for 0, blue for the last, on a scale of 120, 180, 240 ... ms.

    Parameters
    ----------
    times_ms
        After the first activation [ms]; infinite where nothing arrives. Give the times of all pictures that will be
        compared, or the same scale to all of them.
    label
        Written at the colour bar.
    """
    reached = times_ms[np.isfinite(times_ms)]
    last_ms = float(reached.max(initial=0.0))
    high = max(2.0 * _SPAN_STEP_MS, _SPAN_STEP_MS * math.ceil(last_ms / _SPAN_STEP_MS - 1e-9))
    return BullseyeScale(label=label, low=0.0, high=high, colours=_COLOURS, low_word="early", high_word="late")


def after_first(times_ms: FloatArray, zero_ms: float | None = None) -> FloatArray:
    """Return times after the first activation, or after another zero; unreached nodes stay infinite."""
    times = np.asarray(times_ms, dtype=np.float64)
    if zero_ms is None:
        reached = times[np.isfinite(times)]
        zero_ms = float(reached.min()) if reached.size else 0.0
    return np.where(np.isfinite(times), times - zero_ms, np.inf)


def banded(times_ms: FloatArray, scale: BullseyeScale, step_ms: float = STEP_MS) -> FloatArray:
    """Return the colour of each time: one for all times between two isochrones, shape (..., 3), 0 to 1."""
    band = (np.floor(times_ms / step_ms) + 0.5) * step_ms
    share = np.clip((band - scale.low) / (scale.high - scale.low), 0.0, 1.0)
    return np.asarray(matplotlib.colormaps[scale.colours](share)[..., :3])


def draw_isochrone_bar(axes: Axes, scale: BullseyeScale, step_ms: float = STEP_MS) -> None:
    """Draw the colour bar in the bands of the picture into wide, low axes."""
    count = max(1, round((scale.high - scale.low) / step_ms))
    middles = np.asarray(scale.low + (np.arange(count) + 0.5) * step_ms, dtype=np.float64)
    extent = (scale.low, scale.low + count * step_ms, 0.0, 1.0)
    axes.imshow(banded(middles, scale, step_ms)[None], aspect="auto", extent=extent, interpolation="nearest")
    for level in scale.low + step_ms * np.arange(1, count):
        axes.axvline(level, color=INK, linewidth=1.0 if is_heavy(level) else 0.4)
    every = 2 if count > 8 else 1
    axes.set_xticks(scale.low + step_ms * np.arange(0, count + 1, every * (1 if count <= 22 else 2)))
    axes.set_yticks([])
    axes.set_xlabel(scale.label, labelpad=1.0)
    for word, x, side in ((scale.low_word, 0.0, "left"), (scale.high_word, 1.0, "right")):
        axes.text(x, 1.15, word, transform=axes.transAxes, ha=side, va="bottom", fontsize=SMALL_PT)


def activation_pixels(
    image: SurfaceImage,
    triangles: IndexArray,
    tissue: NDArray[np.int8],
    times_ms: FloatArray,
    scale: BullseyeScale,
    *,
    step_ms: float = STEP_MS,
    light: FloatArray | None = None,
) -> NDArray[np.uint8]:
    """Return the colour of every pixel of a surface.

    Parameters
    ----------
    image
        Of these triangles, in millimetres of the picture.
    triangles, tissue
        Shape (t, 3) and (t,): nodes, and what lies under each triangle.
    times_ms
        Per node, shape (n,) [ms]; infinite where nothing arrives.
    scale, step_ms
        Colours, and width of their bands [ms].
    light
        Brightness of every pixel that shows something, in the order of ``image.triangle >= 0``; 1 by default.

    Returns
    -------
    ndarray
        Shape (rows, columns, 3), uint8, white where nothing shows. Triangles with a node that is not reached and scar
        core are grey and hatched; the border zone is hatched over its colours.
    """
    shown = image.triangle >= 0
    of_pixel = image.triangle[shown]
    finite = np.isfinite(times_ms)
    time = image.at_nodes(triangles, np.where(finite, times_ms, 0.0))[shown]
    colours = banded(time, scale, step_ms)
    below = tissue[of_pixel]
    silent = ~np.asarray(finite[triangles].all(axis=1))[of_pixel] | (below == SCAR_CORE)
    colours[silent] = _NO_TIME
    dense, sparse = (
        hatched_pixels(image, spacing=spacing, width=width)[shown]
        for spacing, width in (_SILENT_LINES_MM, _BORDER_LINES_MM)
    )
    colours[(silent & dense) | (~silent & (below == BORDER_ZONE) & sparse)] = _HATCH
    if light is not None:
        colours *= light[:, None]
    pixels = np.full((*image.triangle.shape, 3), 255, dtype=np.uint8)
    pixels[shown] = np.rint(255.0 * np.clip(colours, 0.0, 1.0)).astype(np.uint8)
    return pixels
