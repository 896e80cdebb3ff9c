"""When the wall thickens: phase and amplitude of the counts over the gates.

The blurred wall looks brighter when it is thicker (partial-volume effect), so counts over the beat stand for
thickening. Their first harmonic gives one phase per sample even at eight gates. Chen J, et al. J Nucl Cardiol
2005;12:687-695; review: J Nucl Cardiol 2011;18:685-694, doi:10.1007/s12350-011-9392-x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from resynchro.record.slices import FloatArray

Harmonics = Literal[1, 2, 3]
#: Points of the beat at which the course of up to three harmonics is followed.
_POINTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePhases:
    """Phases of many samples.

    Attributes
    ----------
    mean
        Mean counts A0, shape (samples,).
    amplitude
        Amplitude of the first harmonic A1 (half of peak to peak), in counts, shape (samples,).
    phase_deg
        When the wall is thickest, in [0, 360), shape (samples,) [deg of the beat]. It depends on the trigger and on
        conventions; only differences between samples mean something.
    harmonics
        1: phase of the first harmonic. 2 or 3: upward crossing of the mean of the course of that many harmonics, plus
        90 degrees, so that both agree for a pure cosine.
    """

    mean: FloatArray
    amplitude: FloatArray
    phase_deg: FloatArray
    harmonics: Harmonics


def gate_phases(counts: FloatArray, *, harmonics: Harmonics = 1) -> GatePhases:
    """Compute phase and amplitude from counts over the gates.

    Parameters
    ----------
    counts
        Shape (samples, gates); gates divide the beat evenly.
    harmonics
        1 (default), or 2 or 3 for the onset of thickening from the course of more harmonics; these need gates and
        counts.

    Returns
    -------
    GatePhases

    Notes
    -----
    Z = 2/G sum_g c_g exp(-2 pi i (g + 1/2)/G), A1 = abs Z, phase = -arg Z. A gate stands for the middle of its time:
    that half gate is 11.25 degrees at 16 gates and 22.5 at 8.

    Examples
    --------
    >>> import numpy as np
    >>> centre = 2 * np.pi * (np.arange(8) + 0.5) / 8
    >>> found = gate_phases(100 + 10 * np.cos(centre - np.radians(140))[None, :])
    >>> round(float(found.phase_deg[0]), 6), round(float(found.amplitude[0]), 6)
    (140.0, 10.0)
    """
    counts = np.asarray(counts, dtype=float)
    z = harmonic(counts, 1)
    phase = np.degrees(-np.angle(z)) % 360.0
    if harmonics > 1:
        phase = _crossing_phase(counts, phase, harmonics)
    return GatePhases(mean=counts.mean(axis=1), amplitude=np.abs(z), phase_deg=phase, harmonics=harmonics)


def harmonic(counts: FloatArray, order: int) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    """Return the complex amplitude of one harmonic, shape (samples,), with times at the middle of the gates."""
    gates = counts.shape[1]
    turn = np.exp(-2j * np.pi * order * (np.arange(gates) + 0.5) / gates)
    return np.asarray((2.0 / gates) * counts @ turn)


def residual_after_three_harmonics(counts: FloatArray) -> tuple[FloatArray, int]:
    """Return what mean and three harmonics leave of the counts, shape (samples, gates), and its degrees of freedom.

    The thickening of the wall lives in the first three harmonics; what lies above is noise. Eight gates leave one
    degree of freedom per sample, sixteen nine.
    """
    gates = counts.shape[1]
    highest = min(3, (gates - 2) // 2)
    spectrum = np.fft.rfft(counts, axis=1)
    spectrum[:, : highest + 1] = 0.0
    return np.fft.irfft(spectrum, gates, axis=1), gates - 1 - 2 * highest


def delay_deg(phase_deg: FloatArray, reference_deg: float) -> FloatArray:
    """Return how much later than a reference phases are, wrapped to (-180, 180] [deg].

    Examples
    --------
    >>> import numpy as np
    >>> delay_deg(np.array([10.0, 350.0, 190.0]), 10.0)
    array([  0., -20., 180.])
    """
    return np.asarray(180.0 - (180.0 - (phase_deg - reference_deg)) % 360.0)


def _crossing_phase(counts: FloatArray, first_deg: FloatArray, harmonics: int) -> FloatArray:
    """Return the upward crossing of the mean closest to that of the first harmonic, plus 90 degrees.

    A sample whose course of harmonics never crosses (it always does: its mean is zero) keeps the first harmonic.
    """
    angle = 2.0 * np.pi * np.arange(_POINTS) / _POINTS
    course = np.zeros((len(counts), _POINTS))
    for order in range(1, harmonics + 1):
        course += np.real(harmonic(counts, order)[:, None] * np.exp(1j * order * angle)[None, :])
    following = np.roll(course, -1, axis=1)
    upward = (course < 0.0) & (following >= 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(upward, course / (course - following), 0.0)
    at_deg = (np.arange(_POINTS)[None, :] + share) * 360.0 / _POINTS
    off = np.where(upward, np.abs(delay_deg(at_deg - (first_deg[:, None] - 90.0), 0.0)), np.inf)
    best = off.argmin(axis=1)
    rows = np.arange(len(counts))
    return np.where(np.isfinite(off[rows, best]), (at_deg[rows, best] + 90.0) % 360.0, first_deg)
