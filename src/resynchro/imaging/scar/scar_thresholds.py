"""The rules that tell scar from healthy wall in late-enhancement images: each is one threshold on the intensity.

Every rule is a plain function of a few numbers or of the intensities of the wall. All of them but ``fwhm_raw`` follow a
gain and an offset of the image: threshold(a I + b) = a threshold(I) + b for a > 0.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from resynchro.errors import MeasurementError
from resynchro.record.slices import FloatArray

ScarRule = Literal["nsd2", "nsd3", "nsd5", "nsd6", "fwhm_raw", "fwhm_minmax", "fwhm_remote", "otsu", "blood60", "gmm2"]
#: In the order of tables and pictures.
SCAR_RULES: tuple[ScarRule, ...] = get_args(ScarRule)
DEFAULT_RULE: ScarRule = "fwhm_remote"
#: How many remote standard deviations each n-SD rule asks for.
SD_COUNT: dict[ScarRule, float] = {"nsd2": 2.0, "nsd3": 3.0, "nsd5": 5.0, "nsd6": 6.0}
RULE_WORDS: dict[ScarRule, str] = {
    "nsd2": "remote mean + 2 SD",
    "nsd3": "remote mean + 3 SD",
    "nsd5": "remote mean + 5 SD",
    "nsd6": "remote mean + 6 SD",
    "fwhm_raw": "half of the maximum",
    "fwhm_minmax": "half-way from minimum to maximum",
    "fwhm_remote": "half-way from remote mean to maximum",
    "otsu": "Otsu within the wall",
    "blood60": "60 % of the way from remote to blood",
    "gmm2": "boundary of two Gaussians",
}
#: The maximum is a percentile, so that one bright pixel does not set it (our choice).
MAXIMUM_PERCENTILE = 99.0
#: Share of the way from remote wall to blood (our choice).
BLOOD_SHARE = 0.6
_EM_STEPS, _EM_TOLERANCE = 200, 1e-6


def robust_maximum(wall: ArrayLike) -> float:
    """Return the 99th percentile of the intensities of the wall."""
    return float(np.percentile(_values(wall), MAXIMUM_PERCENTILE))


def threshold_nsd(remote_mean: float, remote_sd: float, sd_count: float) -> float:
    """Return remote mean + n remote SD.

    Examples
    --------
    >>> threshold_nsd(100.0, 8.0, 5.0)
    140.0
    """
    return remote_mean + sd_count * remote_sd


def threshold_fwhm_raw(maximum: float) -> float:
    """Return half of the maximum: only for magnitude images whose background is zero.

    Examples
    --------
    >>> threshold_fwhm_raw(300.0)
    150.0
    """
    return maximum / 2.0


def threshold_fwhm_minmax(minimum: float, maximum: float) -> float:
    """Return the middle between minimum and maximum of the wall.

    Examples
    --------
    >>> threshold_fwhm_minmax(50.0, 300.0)
    175.0
    """
    return (minimum + maximum) / 2.0


def threshold_fwhm_remote(remote_mean: float, maximum: float) -> float:
    """Return the middle between remote mean and maximum: the default, valid for phase-sensitive and rescaled images.

    Examples
    --------
    >>> threshold_fwhm_remote(100.0, 300.0)
    200.0
    """
    return (remote_mean + maximum) / 2.0


def threshold_blood60(remote_mean: float, blood: float) -> float:
    """Return the point 60 % of the way from remote wall to blood.

    Examples
    --------
    >>> threshold_blood60(100.0, 200.0)
    160.0
    """
    return remote_mean + BLOOD_SHARE * (blood - remote_mean)


def threshold_otsu(wall: ArrayLike) -> float:
    """Return the threshold of largest variance between the classes.

    Parameters
    ----------
    wall
        Intensities of the wall, any shape.

    Returns
    -------
    float
        Half-way between the two neighbouring values that the best cut parts. It finds two classes always, scar or not.

    Raises
    ------
    MeasurementError
        When all intensities are equal.

    References
    ----------
    Otsu N. IEEE Trans Syst Man Cybern 1979;9:62-66, doi:10.1109/TSMC.1979.4310076.

    Examples
    --------
    >>> threshold_otsu([1, 2, 2, 9, 10])
    5.5
    """
    ordered = np.sort(_values(wall))
    count = ordered.size
    # shifted to start at zero, so that a large offset costs no digits
    sums = np.cumsum(ordered - ordered[0])
    below = np.arange(1, count)
    mean_below = sums[:-1] / below
    mean_above = (sums[-1] - sums[:-1]) / (count - below)
    between = below * (count - below) * (mean_above - mean_below) ** 2
    between = np.where(ordered[1:] > ordered[:-1], between, -1.0)
    cut = int(np.argmax(between))
    return float((ordered[cut] + ordered[cut + 1]) / 2.0)


def threshold_gmm2(wall: ArrayLike) -> float:
    """Return where two Gaussians fitted to the intensities are equally likely.

    Parameters
    ----------
    wall
        Intensities of the wall, any shape.

    Returns
    -------
    float
        Point between both means at which the upper Gaussian, weighted, overtakes the lower one.

    Raises
    ------
    MeasurementError
        When all intensities are equal, or one Gaussian swallows the other.

    Notes
    -----
    Expectation-maximisation from the classes of `threshold_otsu`; deterministic. No SD falls below 1 % of the SD of all
    intensities, so that a class of equal values stays a class.
    """
    values = _values(wall)
    start = threshold_otsu(values)
    offset, scale = float(values.mean()), float(values.std())
    standard = (values - offset) / scale
    above = values > start
    mean = np.array([standard[~above].mean(), standard[above].mean()])
    spread = np.maximum([standard[~above].std(), standard[above].std()], 0.01)
    weight = np.array([1.0 - above.mean(), above.mean()])
    for _ in range(_EM_STEPS):
        log_likely = np.log(weight / spread) - 0.5 * ((standard[:, None] - mean) / spread) ** 2
        likely = np.exp(log_likely - log_likely.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        weight = np.maximum(likely.mean(axis=0), 1e-9)
        total = likely.sum(axis=0) + 1e-12
        before, mean = mean, (likely * standard[:, None]).sum(axis=0) / total
        spread = np.maximum(np.sqrt((likely * (standard[:, None] - mean) ** 2).sum(axis=0) / total), 0.01)
        if float(np.abs(mean - before).max()) < _EM_TOLERANCE:
            break
    grid = np.linspace(mean[0], mean[1], 1001)
    log_both = np.log(weight / spread) - 0.5 * ((grid[:, None] - mean) / spread) ** 2
    overtaken = np.flatnonzero(log_both[:, 1] > log_both[:, 0])
    if mean[1] <= mean[0] or not overtaken.size:
        raise MeasurementError("the intensities of the wall do not fall into two Gaussians, so gmm2 has no boundary")
    return float(offset + scale * grid[overtaken[0]])


def _values(wall: ArrayLike) -> FloatArray:
    values = np.asarray(wall, dtype=float).ravel()
    if values.size < 2 or float(np.ptp(values)) <= 0.0:
        raise MeasurementError("the wall has fewer than two different intensities, so no threshold can be found in it")
    return values
