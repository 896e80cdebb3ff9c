"""All threshold rules side by side on the slices of one examination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.scar import scar_thresholds as thresholds
from resynchro.imaging.scar.microvascular_obstruction import obstruction_filled
from resynchro.imaging.scar.remote_myocardium import RemoteSector
from resynchro.imaging.scar.scar_islands import without_islands
from resynchro.imaging.scar.scar_thresholds import SCAR_RULES, SD_COUNT, ScarRule
from resynchro.record.slices import FloatArray

BoolArray = NDArray[np.bool_]

#: Smallest island that stays, as a share of the slice's wall; blood60 asks for more (both our choice).
LEAST_ISLAND, LEAST_ISLAND_BLOOD60 = 0.01, 0.03
#: Background above this share of the maximum is no zero background: fwhm_raw is refused (our choice).
_ZERO_BACKGROUND = 0.15
_BACKGROUND_PERCENTILE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnhancedSlice:
    """One late-enhancement slice on the scale on which thresholds are set.

    Attributes
    ----------
    image, wall, cavity
        Shape (rows, columns).
    remote
        From `remote_sector`.
    blood
        Median intensity of the cavity away from its border; of all slices where this one shows none.
    """

    image: FloatArray
    wall: BoolArray
    cavity: BoolArray
    remote: RemoteSector
    blood: float

    @property
    def wall_values(self) -> FloatArray:
        """Intensities of the wall, shape (n,)."""
        return np.asarray(self.image[self.wall], dtype=float)


def rule_thresholds(
    slices: Sequence[EnhancedSlice], *, pooled: bool, raw_refused: str | None
) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Set the threshold of every rule in every slice.

    Parameters
    ----------
    slices
        All on one scale when `pooled`.
    pooled
        Take maximum, minimum, remote SD and histogram from all slices together: a slice without scar has no maximum of
        its own worth halving. Else every slice stands alone.
    raw_refused
        Why `fwhm_raw` may not be used, or None.

    Returns
    -------
    tuple
        Thresholds by rule, shape (slices,); and the reason by rule for those that cannot be used.
    """
    if pooled:
        walls = [np.concatenate([item.wall_values for item in slices])] * len(slices)
        spreads = [float(np.median([item.remote.sd for item in slices]))] * len(slices)
    else:
        walls = [item.wall_values for item in slices]
        spreads = [item.remote.sd for item in slices]
    found: dict[str, FloatArray] = {}
    refused: dict[str, str] = {}
    for rule in SCAR_RULES:
        if rule == "fwhm_raw" and raw_refused is not None:
            refused[rule] = raw_refused
            continue
        try:
            if pooled and rule in ("otsu", "gmm2"):
                found[rule] = np.full(len(slices), _threshold(rule, slices[0], walls[0], spreads[0]))
            else:
                found[rule] = np.array(
                    [
                        _threshold(rule, item, wall, spread)
                        for item, wall, spread in zip(slices, walls, spreads, strict=True)
                    ]
                )
        except MeasurementError as error:
            refused[rule] = str(error)
    return found, refused


def _threshold(rule: ScarRule, item: EnhancedSlice, wall: FloatArray, remote_sd: float) -> float:
    remote = item.remote.used_mean
    if rule in SD_COUNT:
        return thresholds.threshold_nsd(remote, remote_sd, SD_COUNT[rule])
    simple: dict[str, Callable[[], float]] = {
        "fwhm_raw": lambda: thresholds.threshold_fwhm_raw(thresholds.robust_maximum(wall)),
        "fwhm_minmax": lambda: thresholds.threshold_fwhm_minmax(float(wall.min()), thresholds.robust_maximum(wall)),
        "fwhm_remote": lambda: thresholds.threshold_fwhm_remote(remote, thresholds.robust_maximum(wall)),
        "otsu": lambda: thresholds.threshold_otsu(wall),
        "blood60": lambda: thresholds.threshold_blood60(remote, item.blood),
        "gmm2": lambda: thresholds.threshold_gmm2(wall),
    }
    return simple[rule]()


def scar_by_rule(item: EnhancedSlice, threshold: float, rule: str) -> BoolArray:
    """Return the scar of one slice by one rule: brighter than the threshold, dark cores filled, islands removed."""
    bright = item.wall & (item.image > threshold)
    filled = obstruction_filled(bright, item.wall, item.cavity)
    least = LEAST_ISLAND_BLOOD60 if rule == "blood60" else LEAST_ISLAND
    return without_islands(filled, item.wall, least)


def raw_refusal(images: Sequence[FloatArray], hearts: Sequence[BoolArray], *, rescaled: bool) -> str | None:
    """Return why `fwhm_raw` may not be used on these images, or None.

    Parameters
    ----------
    images
        As stored.
    hearts
        Cavity and wall.
    rescaled
        From `rescaled_slice_by_slice`.

    Notes
    -----
    Half of the maximum means something only where zero means no signal. Refused: values below zero (phase-sensitive),
    eight-bit or stretched slices (the zero is lost), and images whose darkest surroundings (5th percentile away from
    the heart, padding left out) are brighter than 15 % of the maximum of the wall.
    """
    if rescaled:
        return "the images were stretched to a fixed range or eight bits, so their zero is lost"
    if any(float(image.min()) < 0.0 for image in images):
        return "the images have values below zero (phase-sensitive or offset), so half of the maximum means nothing"
    maximum = thresholds.robust_maximum(
        np.concatenate([image[heart] for image, heart in zip(images, hearts, strict=True)])
    )
    around = np.concatenate([image[~heart & (image > 0.0)] for image, heart in zip(images, hearts, strict=True)])
    if around.size and float(np.percentile(around, _BACKGROUND_PERCENTILE)) > _ZERO_BACKGROUND * maximum:
        return "the background is not near zero, so half of the maximum means nothing"
    return None
