"""One scale of intensity for all slices of an examination.

Pictures exported from a viewer are often stretched slice by slice to the same range. Remote wall and scar then have
other grey levels in every slice, and no slice can borrow a remote region from another. What surrounds the heart changes
little from slice to slice, and so it tells how each one was stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.record.slices import FloatArray

BoolArray = NDArray[np.bool_]

#: Distance from the left ventricle that surroundings keep, and smoothing before two slices are compared [pixels].
_CLEARANCE, _SMOOTHING = 6, 1.5
#: Fewest pixels of surroundings and lowest correlation with which two slices may be matched (our choice).
_LEAST_PIXELS, _LEAST_CORRELATION = 400, 0.5
#: Rounds in which what differs by more than two robust SD between the slices is left out.
_ROUNDS = 5
_EIGHT_BITS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonScale:
    """Slices brought to the scale of the first: common = gain x stored + offset.

    Attributes
    ----------
    gain, offset
        Per slice, shape (n,).
    """

    gain: FloatArray
    offset: FloatArray


def rescaled_slice_by_slice(images: Sequence[FloatArray]) -> bool:
    """Tell whether every slice was stretched to the same range by itself.

    True for two slices or more that all have at most 256 different values (eight bits), or that all begin and end at
    exactly the same two values.
    """
    if len(images) < 2:
        return False
    lowest, highest = {float(image.min()) for image in images}, {float(image.max()) for image in images}
    if len(lowest) == len(highest) == 1 and lowest != highest:
        return True
    return all(np.unique(image).size <= _EIGHT_BITS for image in images)


def common_scale(images: Sequence[FloatArray], hearts: Sequence[BoolArray]) -> CommonScale | None:
    """Match the intensities of neighbouring slices by what surrounds the left ventricle.

    Parameters
    ----------
    images
        Shape (rows, columns) each, all the same, in order of position.
    hearts
        Cavity and wall in each, same shape.

    Returns
    -------
    CommonScale or None
        None when two neighbours share too few surroundings, or surroundings that do not look alike.

    Notes
    -----
    Between two slices the line through the intensities of the same pixels outside of the ventricle, smoothed, starts
    from their quartiles. What deviates from it by more than two robust SD is left out; the line then has the slope
    SD / SD (reduced major axis: both slices are equally noisy) and passes through the means; five rounds. Gains
    multiply along the stack. The result follows any gain and offset of single slices exactly, so that thresholds do
    too.
    """
    if len({image.shape for image in images}) != 1:
        return None
    smooth, around = [], []
    for image, heart in zip(images, hearts, strict=True):
        level, place = _surroundings(image, heart)
        smooth.append(level)
        around.append(place)
    gain, offset = [1.0], [0.0]
    for index in range(1, len(images)):
        both = around[index] & around[index - 1]
        line = _matching_line(smooth[index][both], smooth[index - 1][both])
        if line is None:
            return None
        slope, intercept = line
        offset.append(gain[-1] * intercept + offset[-1])
        gain.append(gain[-1] * slope)
    return CommonScale(gain=np.array(gain), offset=np.array(offset))


def _surroundings(image: FloatArray, heart: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return the smoothed image and where it shows the body around the ventricle: no padding, no heart."""
    from scipy import ndimage

    padding = ndimage.binary_opening(image == image.min(), iterations=4)
    left_out = ndimage.binary_dilation(padding, iterations=3) | ndimage.binary_dilation(heart, iterations=_CLEARANCE)
    return np.asarray(ndimage.gaussian_filter(image, _SMOOTHING), dtype=float), np.asarray(~left_out, dtype=bool)


def _matching_line(x: FloatArray, y: FloatArray) -> tuple[float, float] | None:
    """Return slope and intercept of y over x, or None when they do not belong together."""
    if x.size < _LEAST_PIXELS:
        return None
    quarters_x, quarters_y = np.percentile(x, [25.0, 50.0, 75.0]), np.percentile(y, [25.0, 50.0, 75.0])
    if quarters_x[2] <= quarters_x[0] or quarters_y[2] <= quarters_y[0]:
        return None
    slope = float((quarters_y[2] - quarters_y[0]) / (quarters_x[2] - quarters_x[0]))
    intercept = float(quarters_y[1] - slope * quarters_x[1])
    correlation = 0.0
    for _ in range(_ROUNDS):
        residual = y - slope * x - intercept
        centre = float(np.median(residual))
        robust_sd = 1.4826 * float(np.median(np.abs(residual - centre)))
        kept = np.abs(residual - centre) <= 2.0 * robust_sd + 1e-9 * float(quarters_y[2] - quarters_y[0])
        sd_x, sd_y = float(x[kept].std()), float(y[kept].std())
        if sd_x <= 0.0 or sd_y <= 0.0:
            return None
        mean_x, mean_y = float(x[kept].mean()), float(y[kept].mean())
        correlation = float(np.mean((x[kept] - mean_x) * (y[kept] - mean_y))) / (sd_x * sd_y)
        slope = sd_y / sd_x
        intercept = mean_y - slope * mean_x
    return (slope, intercept) if correlation >= _LEAST_CORRELATION else None
