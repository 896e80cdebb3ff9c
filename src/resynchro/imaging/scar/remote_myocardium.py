"""Remote myocardium: the part of the wall that is taken for healthy and against which scar is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from resynchro.errors import InputError, MeasurementError
from resynchro.record.slices import FloatArray

#: Width of the sector, and how far apart the candidates begin [deg] (our choice).
SECTOR_DEG = 60.0
_STEP_DEG = 5.0
#: Fewest pixels for a mean and an SD.
_LEAST_PIXELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSector:
    """The sector of one slice that is taken for healthy wall.

    Attributes
    ----------
    centre_deg
        Middle of the sector, in the angles it was asked for in (on the screen: counter-clockwise from the right) [deg].
    mean, sd
        Mean and sample SD of the intensities of its wall.
    used_mean
        Mean that the rules use: `mean`, or that of the examination where the sector's own is brighter.
    pixels
        How many there are.
    chosen
        ``automatic`` or ``manual``.
    """

    centre_deg: float
    mean: float
    sd: float
    used_mean: float
    pixels: int
    chosen: str = "automatic"

    @property
    def borrowed(self) -> bool:
        """True when the rules use the mean of the examination because the slice's own sector is brighter."""
        return self.used_mean != self.mean


def remote_sector(intensity: FloatArray, angles_deg: FloatArray) -> RemoteSector:
    """Find the remote sector of one slice: the darkest among the quieter half.

    Parameters
    ----------
    intensity
        Of the wall, shape (n,).
    angles_deg
        Of the same pixels around the centre of the ventricle, shape (n,) [deg].

    Returns
    -------
    RemoteSector
        Of all sectors of 60 degrees that begin every 5 degrees, those whose SD is at most the median SD are
        candidates; the one of lowest mean is chosen.

    Raises
    ------
    MeasurementError
        When no sector has eight pixels.
    """
    sectors = []
    for start in np.arange(0.0, 360.0, _STEP_DEG):
        within = _within(angles_deg, float(start))
        if int(within.sum()) >= _LEAST_PIXELS:
            sectors.append(_sector(intensity[within], float(start), "automatic"))
    if not sectors:
        raise MeasurementError(
            f"no sector of {SECTOR_DEG:.0f} degrees has {_LEAST_PIXELS} pixels of wall; check the mask, or use images "
            "of finer resolution"
        )
    typical = float(np.median([sector.sd for sector in sectors]))
    return min((sector for sector in sectors if sector.sd <= typical), key=lambda sector: sector.mean)


def given_sector(intensity: FloatArray, angles_deg: FloatArray, centre_deg: float) -> RemoteSector:
    """Measure the remote sector around an angle given by the user.

    Parameters
    ----------
    intensity, angles_deg
        As for `remote_sector`.
    centre_deg
        Middle of the sector [deg].

    Raises
    ------
    InputError
        When the angle is no number in [-360, 360].
    MeasurementError
        When it holds fewer than eight pixels of wall.
    """
    if not -360.0 <= centre_deg <= 360.0:
        raise InputError(f"the angle of the remote sector must lie in [-360, 360] degrees, got {centre_deg:g}")
    start = (centre_deg - SECTOR_DEG / 2.0) % 360.0
    within = _within(angles_deg, start)
    if int(within.sum()) < _LEAST_PIXELS:
        raise MeasurementError(
            f"the remote sector at {centre_deg:.0f} degrees holds {int(within.sum())} pixels of wall, at least "
            f"{_LEAST_PIXELS} are needed; choose another angle"
        )
    return _sector(intensity[within], start, "manual")


def capped_by_examination(sectors: Sequence[RemoteSector]) -> tuple[RemoteSector, ...]:
    """Let no slice take a remote mean above the median of all slices.

    A slice that is scar all around has no remote tissue, and its darkest sector is scar; without the cap it would hide
    the largest infarcts. Valid only on one common scale of intensity.
    """
    typical = float(np.median([sector.mean for sector in sectors]))
    return tuple(replace(sector, used_mean=min(sector.mean, typical)) for sector in sectors)


def in_remote_sector(angles_deg: FloatArray, sector: RemoteSector) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell which angles [deg] lie in a sector, same shape."""
    return _within(angles_deg, sector.centre_deg - SECTOR_DEG / 2.0)


def _within(angles_deg: FloatArray, start_deg: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray((angles_deg - start_deg) % 360.0 < SECTOR_DEG)


def _sector(values: FloatArray, start_deg: float, chosen: str) -> RemoteSector:
    mean = float(values.mean())
    return RemoteSector(
        centre_deg=(start_deg + SECTOR_DEG / 2.0) % 360.0,
        mean=mean,
        sd=float(values.std(ddof=1)),
        used_mean=mean,
        pixels=int(values.size),
        chosen=chosen,
    )
