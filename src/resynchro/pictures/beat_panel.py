"""One panel of a beat: a lead's QRS with its limits, wave names, notches, slurs and stimuli."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.representative import QrsLimits, RepresentativeBeat
from resynchro.ecg.waves import zeroed_lead
from resynchro.pictures.appearance import BLUE, GREY, INK, LIGHT_GREY, SMALL_PT, TEXT_PT, VERMILLION
from resynchro.record.ecg import LEADS, FloatArray

#: The panels show the QRS and this much before and after it [ms].
MARGIN_MS = (50.0, 70.0)
#: No panel shows less than this, so that noise is not blown up [mV].
_LEAST_SPAN_MV = 0.5


def draw_lead_qrs(
    axes: Axes,
    beat: RepresentativeBeat,
    limits: QrsLimits,
    waves: LeadWaves,
    single_mv: FloatArray,
    *,
    derived: bool = False,
) -> None:
    """Draw the QRS of one lead with its limits, wave names, notches and slurs.

    Parameters
    ----------
    axes
        Where; the horizontal axis becomes milliseconds from the QRS onset.
    beat, limits, waves
        The representative beat and what was measured on it.
    single_mv
        Shape (n_beats, n_samples): single beats of the lead from their zero level [mV]; n_beats may be 0.
    derived
        True for a lead that was computed from others.
    """
    row = LEADS.index(waves.lead)
    time_ms, lead_mv = time_from_onset_ms(beat, limits), zeroed_lead(beat, limits, row)
    first_ms, last_ms = -MARGIN_MS[0], limits.duration_ms + MARGIN_MS[1]
    shown = (time_ms >= first_ms) & (time_ms <= last_ms)
    gap = np.full((len(single_mv), 1), np.nan)
    axes.plot(
        np.tile(np.append(time_ms[shown], np.nan), len(single_mv)),
        np.hstack([single_mv[:, shown], gap]).ravel(),
        color=LIGHT_GREY,
        linewidth=0.4,
        zorder=1,
    )
    axes.axhline(0.0, color=GREY, linewidth=0.4, zorder=1)
    axes.plot(time_ms[shown], lead_mv[shown], color=INK, linewidth=1.0, zorder=4)
    axes.set_xlim(first_ms, last_ms)
    axes.set_ylim(*_voltage_span_mv(lead_mv[shown]))
    draw_limits(axes, limits)
    across = blended_transform_factory(axes.transData, axes.transAxes)
    for own_ms in (float(limits.lead_onset_ms[row]), float(limits.lead_end_ms[row])):
        if np.isfinite(own_ms):
            x = own_ms - limits.onset_ms
            axes.plot((x, x), (0.0, 0.09), color=VERMILLION, linewidth=1.4, transform=across, zorder=5, clip_on=True)
    _draw_wave_names(axes, waves, limits)
    for notch in waves.notches:
        x = notch.time_ms - limits.onset_ms
        axes.plot(
            x,
            float(np.interp(x, time_ms, lead_mv)),
            marker="o" if notch.kind == "notch" else "D",
            markersize=3.6 if notch.kind == "notch" else 3.0,
            markerfacecolor="white",
            markeredgecolor=VERMILLION,
            markeredgewidth=0.9,
            zorder=6,
        )
    draw_stimuli(axes, beat, limits)
    name = waves.lead + ("*" if derived else "")
    axes.set_title(name, loc="left", fontweight="bold", pad=2.0)
    peak = "" if waves.r_peak_time_ms is None else f"   R peak {waves.r_peak_time_ms:.0f} ms"
    axes.set_title(f"{waves.label or 'no wave'}{peak}", loc="right", fontsize=SMALL_PT, color=GREY, pad=2.0)
    plain_frame(axes)


def draw_limits(axes: Axes, limits: QrsLimits) -> None:
    """Draw the global QRS limits with their 95 % intervals."""
    for at_ms, (low_ms, high_ms) in (
        (limits.onset_ms, limits.onset_interval_ms),
        (limits.end_ms, limits.end_interval_ms),
    ):
        axes.axvspan(
            low_ms - limits.onset_ms, high_ms - limits.onset_ms, facecolor=BLUE, alpha=0.14, edgecolor="none", zorder=0
        )
        axes.axvline(at_ms - limits.onset_ms, color=BLUE, linewidth=0.9, zorder=2)


def draw_stimuli(axes: Axes, beat: RepresentativeBeat, limits: QrsLimits) -> None:
    """Mark stimuli at the upper edge: filled ventricular, open atrial."""
    across = blended_transform_factory(axes.transData, axes.transAxes)
    for times_ms, face in ((beat.stimulus_ms, INK), (beat.atrial_stimulus_ms, "white")):
        for at_ms in times_ms:
            axes.plot(
                at_ms - limits.onset_ms,
                0.95,
                marker="v",
                markersize=4.5,
                markerfacecolor=face,
                markeredgecolor=INK,
                markeredgewidth=0.7,
                transform=across,
                zorder=6,
                clip_on=True,
            )


def time_from_onset_ms(beat: RepresentativeBeat, limits: QrsLimits) -> FloatArray:
    """Return the times of a beat's samples from the QRS onset, shape (n_samples,) [ms]."""
    step_ms = 1000.0 / beat.sampling_rate_hz
    return np.asarray(np.arange(beat.signal_mv.shape[1]) * step_ms - limits.onset_ms, dtype=np.float64)


def plain_frame(axes: Axes) -> None:
    """Leave out the frame where it says nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(pad=1.5)
    axes.locator_params(axis="y", nbins=5)


def _draw_wave_names(axes: Axes, waves: LeadWaves, limits: QrsLimits) -> None:
    for wave in waves.waves:
        up = wave.amplitude_mv > 0
        axes.annotate(
            wave.name,
            (wave.peak_ms - limits.onset_ms, wave.amplitude_mv),
            xytext=(0.0, 2.5 if up else -2.5),
            textcoords="offset points",
            ha="center",
            va="bottom" if up else "top",
            fontsize=TEXT_PT,
            color=INK,
            zorder=7,
        )


def _voltage_span_mv(lead_mv: FloatArray) -> tuple[float, float]:
    """Return the limits of a panel with room for the names of waves."""
    low, high = min(0.0, float(lead_mv.min())), max(0.0, float(lead_mv.max()))
    short = max(0.0, _LEAST_SPAN_MV - (high - low)) / 2.0
    span = high - low + 2.0 * short
    return low - short - 0.27 * span, high + short + 0.20 * span
