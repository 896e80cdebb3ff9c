"""What noise alone makes of a synchronous ventricle: the floor below which a spread of phases says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.phase_analysis import Harmonics, gate_phases, residual_after_three_harmonics
from resynchro.imaging.spect.phase_statistics import PhaseStatistics, phase_statistics
from resynchro.record.gated_spect import IntArray
from resynchro.record.slices import FloatArray

#: Beyond this the closed form is too small, because phases wrap and amplitudes take up noise [deg].
CLOSED_FORM_LIMIT_DEG = 20.0
_DRAWS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseNoise:
    """Noise of the gates and what it does to the statistics of a synchronous ventricle of the same amplitudes.

    Attributes
    ----------
    noise_pct
        Standard deviation of a sample at one gate [% of the mean counts].
    amplitude_pct
        Typical peak-to-peak change over the beat, 2 A1 without what noise adds, root mean square over the samples [% of
        the mean counts].
    closed_form_deg
        Amplitude-weighted phase SD from sqrt(2/G) sigma/A1 [deg]; None where no motion stands out of the noise.
    closed_form_valid
        Whether that lies below 20 deg, where it holds.
    weighted, unweighted
        Statistics of synchronous ventricles drawn with this noise, averaged over the draws.
    smoothed
        True when the gates seem to have been smoothed in time: then the noise is underestimated.
    """

    noise_pct: float
    amplitude_pct: float
    closed_form_deg: float | None
    closed_form_valid: bool
    weighted: PhaseStatistics
    unweighted: PhaseStatistics
    smoothed: bool

    @property
    def floor_deg(self) -> float:
        """Phase SD, weighted, of a synchronous ventricle: the closed form where it holds, else drawn [deg]."""
        if self.closed_form_deg is not None and self.closed_form_valid:
            return self.closed_form_deg
        return self.weighted.sd_deg

    @property
    def bandwidth_floor_deg(self) -> float:
        """Bandwidth of a synchronous ventricle, weighted by amplitude, from the draws [deg]."""
        return self.weighted.bandwidth_deg


def closed_form_floor_deg(noise: float, amplitude: float, gates: int) -> float:
    """Return the phase SD of a synchronous ventricle: sqrt(2/G) sigma/A1 [deg].

    Parameters
    ----------
    noise, amplitude
        Standard deviation of a sample at one gate, and A1 (half of peak to peak), in the same unit.

    Notes
    -----
    Valid below 20 deg. The bandwidth of 95 % is 3.92 times as much.

    Examples
    --------
    >>> round(closed_form_floor_deg(0.05, 0.10, 16), 1)
    10.1
    """
    return math.degrees(math.sqrt(2.0 / gates) * noise / amplitude)


def phase_noise(counts: FloatArray, group: IntArray, *, harmonics: Harmonics, rng: np.random.Generator) -> PhaseNoise:
    """Estimate the noise and the floor of the statistics.

    Parameters
    ----------
    counts
        Viable samples, shape (samples, gates).
    group
        Segment of every sample, shape (samples,): amplitudes are averaged within it for the drawn ventricles.
    harmonics
        As used for the phases.
    rng
        Draws the noise.

    Returns
    -------
    PhaseNoise

    Raises
    ------
    MeasurementError
        When there are too few samples to know the noise.

    Notes
    -----
    The noise is what mean and three harmonics leave of the counts, pooled over the samples. Poisson statistics are not
    used: reconstructed and filtered counts do not follow them. Noise adds 4 sigma2/G to the mean square of A1, which is
    taken off first. Neighbouring samples share noise; that changes how much a floor varies, not its expectation.
    """
    samples, gates = counts.shape
    residual, freedom = residual_after_three_harmonics(counts)
    if samples * freedom < 30:
        raise MeasurementError(
            f"{samples} viable samples are too few to know the noise; at least {30 // freedom + 1} needed"
        )
    variance = float((residual**2).sum()) / (samples * freedom)
    found = gate_phases(counts)
    mean = float(found.mean.mean())
    amplitude = _true_amplitude(found.amplitude, group, variance, gates)
    rms = math.sqrt(float((amplitude**2).mean()))
    closed = closed_form_floor_deg(math.sqrt(variance), rms, gates) if rms > 0.0 else None
    course = np.cos(2.0 * np.pi * (np.arange(gates) + 0.5) / gates)
    drawn: tuple[list[PhaseStatistics], list[PhaseStatistics]] = ([], [])
    for _ in range(_DRAWS if variance > 0.0 else 1):
        noisy = mean + amplitude[:, None] * course + rng.normal(0.0, math.sqrt(variance), counts.shape)
        phases = gate_phases(noisy, harmonics=harmonics)
        drawn[0].append(phase_statistics(phases.phase_deg, _weights(phases.amplitude)))
        drawn[1].append(phase_statistics(phases.phase_deg))
    return PhaseNoise(
        noise_pct=100.0 * math.sqrt(variance) / mean,
        amplitude_pct=200.0 * rms / mean,
        closed_form_deg=closed,
        closed_form_valid=closed is not None and closed <= CLOSED_FORM_LIMIT_DEG and harmonics == 1,
        weighted=_average(drawn[0]),
        unweighted=_average(drawn[1]),
        smoothed=_smoothed(residual),
    )


def _weights(amplitude: FloatArray) -> FloatArray | None:
    """Return squared amplitudes, or None where nothing moves at all."""
    return amplitude**2 if float(amplitude.max()) > 0.0 else None


def _true_amplitude(amplitude: FloatArray, group: IntArray, variance: float, gates: int) -> FloatArray:
    """Return the amplitude of every sample without the part that noise adds: root mean square within its segment."""
    true = np.zeros(len(amplitude))
    for one in np.unique(group):
        here = group == one
        true[here] = math.sqrt(max(0.0, float((amplitude[here] ** 2).mean()) - 4.0 * variance / gates))
    return true


def _smoothed(residual: FloatArray) -> bool:
    """Tell whether the highest harmonics hold much less than the fourth and fifth: gates smoothed in time.

    White noise spreads evenly. Only eleven gates and more leave enough harmonics to compare.
    """
    power = (np.abs(np.fft.rfft(residual, axis=1)) ** 2).mean(axis=0)
    if residual.shape[1] < 12:
        return False
    low, high = (
        float(power[4:6].mean()),
        float(power[(len(power) + 5) // 2 : -1].mean() if len(power) > 8 else power[-2]),
    )
    return low > 0.0 and high < 0.4 * low


def _average(drawn: list[PhaseStatistics]) -> PhaseStatistics:
    def mean(name: str) -> float:
        values = [getattr(one, name) for one in drawn if getattr(one, name) is not None]
        return float(np.mean(values)) if values else 0.0

    flat = drawn[0].skewness is None
    return PhaseStatistics(
        mean_deg=0.0,
        peak_deg=0.0,
        sd_deg=mean("sd_deg"),
        bandwidth_deg=mean("bandwidth_deg"),
        entropy_pct=mean("entropy_pct"),
        skewness=None if flat else mean("skewness"),
        kurtosis=None if flat else mean("kurtosis"),
        samples=drawn[0].samples,
    )
