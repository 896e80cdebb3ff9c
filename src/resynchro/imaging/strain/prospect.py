"""The twelve echocardiographic parameters of PROSPECT, as far as the inputs allow, with the result of that study.

Names are from memory of the paper. Chung ES, et al., PROSPECT, PMID 18458170.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.doppler_times import DopplerTimes
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import CardiacEvents

#: Stands below every table of the twelve.
PROSPECT_CAVEAT = (
    "PROSPECT, 498 patients: for the clinical composite score (69 % of 426 improved) these twelve had sensitivities of "
    "6 to 74 % and specificities of 35 to 91 %, for a fall of LVESV by 15 % (56 % of 286) 9 to 77 % and 31 to 93 %; no "
    "area under the curve was above 0.62, and the analysis varied widely between laboratories (PMID 18458170). None of "
    "them selects patients."
)
_TWELVE, _BASAL = tuple(range(1, 13)), tuple(range(1, 7))
_COHORT = (
    "the study compared with the median of its cohort, so there is no cut-off for one patient; definition from memory"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A value or the reason for none, before it gets its name."""

    value: float | None = None
    flag: bool | None = None
    absent: str | None = None
    variant: str = ""
    segments: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def prospect_twelve(doppler: DopplerTimes, rr_s: float | None, events: CardiacEvents) -> tuple[IndexValue, ...]:
    """Fill the table of the twelve.

    Parameters
    ----------
    doppler
        What was read by hand.
    rr_s
        Length of the beat, for the filling time when `doppler` has none of its own [s].
    events
        Valve events: AVO stands for the onset of aortic flow, and MVO to MVC for the filling time, where no Doppler
        time was given; the variant then says so.

    Returns
    -------
    tuple of IndexValue
        Twelve, in the order of the study; each has a value or says what it needs. Strain peaks are never used here.
    """
    rows: tuple[tuple[str, str, str, _Answer], ...] = (
        ("spwmd_ms", "Septal-to-posterior wall motion delay (SPWMD)", "ms", _spwmd(doppler)),
        ("ivmd_ms", "Interventricular mechanical delay (IVMD)", "ms", _ivmd(doppler, events)),
        ("lvft_rr_pct", "Filling time over RR (LVFT/RR)", "%", _filling(doppler, rr_s, events)),
        ("lpei_ms", "Left ventricular pre-ejection interval (LPEI)", "ms", _pre_ejection(doppler, events)),
        ("llwc", "Left lateral wall contraction in filling (LLWC)", "", _lateral_overlap(doppler)),
        ("ts_lateral_septal_ms", "Ts lateral minus septal", "ms", _lateral_septal(doppler.ts_ms)),
        ("ts_sd_ms", "Ts-SD (Yu)", "ms", _spread(doppler.ts_ms, "ts", _TWELVE, sd=True)),
        ("pvd_ms", "Peak velocity difference (PVD)", "ms", _spread(doppler.ts_ms, "ts", _BASAL)),
        ("dlc_count", "Delayed longitudinal contraction (DLC), basal segments", "", _delayed(doppler)),
        (
            "ts_displacement_ms",
            "Ts-peak displacement",
            "ms",
            _spread(doppler.ts_displacement_ms, "ts_displacement", _TWELVE, notes=(_COHORT,), least=4),
        ),
        (
            "ts_peak_basal_ms",
            "Ts-peak basal",
            "ms",
            _spread(doppler.ts_ms, "ts", _BASAL, notes=(_COHORT, "computed as PVD is, for want of a source"), least=4),
        ),
        (
            "ts_onset_basal_ms",
            "Ts-onset basal",
            "ms",
            _spread(doppler.ts_onset_ms, "ts_onset", _BASAL, notes=(_COHORT,), least=4),
        ),
    )
    return tuple(
        IndexValue(
            key=key,
            name=name,
            unit=unit,
            value=answer.value,
            flag=answer.flag,
            absent=answer.absent,
            variant=answer.variant,
            n_segments=len(answer.segments),
            segments=answer.segments,
            noise_note="read by hand: no noise floor",
            published=published_values(key),
            notes=answer.notes,
        )
        for key, name, unit, answer in rows
    )


def _needs(what: str) -> _Answer:
    return _Answer(absent=f"needs {what}")


def _spwmd(doppler: DopplerTimes) -> _Answer:
    septum, posterior = doppler.septal_peak_inward_ms, doppler.posterior_peak_inward_ms
    if septum is None or posterior is None:
        return _needs("M-mode: septal_peak_inward_ms and posterior_peak_inward_ms")
    return _Answer(value=posterior - septum, variant="posterior minus septal peak inward motion, M-mode")


def _aortic_ms(doppler: DopplerTimes, events: CardiacEvents) -> tuple[float, str] | None:
    if doppler.qrs_to_aortic_flow_ms is not None:
        return doppler.qrs_to_aortic_flow_ms, "pulsed Doppler"
    return None if events.avo_s is None else (1000.0 * events.avo_s, "AVO in place of the onset of flow")


def _ivmd(doppler: DopplerTimes, events: CardiacEvents) -> _Answer:
    aortic, pulmonary = _aortic_ms(doppler, events), doppler.qrs_to_pulmonary_flow_ms
    if aortic is None or pulmonary is None:
        lacking = "qrs_to_pulmonary_flow_ms" + ("" if aortic is not None else " and qrs_to_aortic_flow_ms")
        return _needs(f"pulsed Doppler: {lacking}")
    return _Answer(value=aortic[0] - pulmonary, variant=f"aortic minus pulmonary pre-ejection, {aortic[1]}")


def _pre_ejection(doppler: DopplerTimes, events: CardiacEvents) -> _Answer:
    aortic = _aortic_ms(doppler, events)
    if aortic is None:
        return _needs("pulsed Doppler: qrs_to_aortic_flow_ms, or AVO")
    return _Answer(value=aortic[0], variant=f"QRS onset to aortic flow, {aortic[1]}")


def _filling(doppler: DopplerTimes, rr_s: float | None, events: CardiacEvents) -> _Answer:
    if doppler.filling_time_ms is not None:
        rr_ms = doppler.rr_ms if doppler.rr_ms is not None else (None if rr_s is None else 1000.0 * rr_s)
        if rr_ms is None:
            return _needs("the RR interval: rr_ms")
        return _Answer(value=100.0 * doppler.filling_time_ms / rr_ms, variant="transmitral filling time, Doppler")
    if events.mvc_s is not None and events.mvo_s is not None and rr_s is not None:
        return _Answer(
            value=100.0 * (rr_s - events.mvo_s + events.mvc_s) / rr_s,
            variant="MVO to the next MVC in place of the Doppler filling time",
        )
    return _needs("pulsed Doppler: filling_time_ms, or MVO and MVC")


def _lateral_overlap(doppler: DopplerTimes) -> _Answer:
    end, filling = doppler.lateral_contraction_end_ms, doppler.filling_onset_ms
    if end is None or filling is None:
        return _needs("M-mode and Doppler: lateral_contraction_end_ms and filling_onset_ms")
    return _Answer(
        flag=end > filling,
        variant="lateral contraction ends after filling starts",
        notes=(f"overlap {end - filling:.0f} ms",),
    )


def _lateral_septal(ts_ms: Mapping[int, float]) -> _Answer:
    if 3 not in ts_ms or 6 not in ts_ms:
        return _needs("tissue Doppler: ts of segments 3 (basal inferoseptal) and 6 (basal anterolateral)")
    return _Answer(value=ts_ms[6] - ts_ms[3], variant="basal anterolateral minus basal inferoseptal", segments=(3, 6))


def _spread(
    times_ms: Mapping[int, float],
    name: str,
    segments: tuple[int, ...],
    *,
    sd: bool = False,
    notes: tuple[str, ...] = (),
    least: int | None = None,
) -> _Answer:
    found = tuple(segment for segment in segments if segment in times_ms)
    needed = len(segments) if least is None else least
    if len(found) < needed:
        return _needs(
            f"tissue Doppler: {name} of {'at least ' if needed < len(segments) else ''}{needed} of the segments "
            f"{segments[0]} to {segments[-1]}, got {len(found)}"
        )
    times = np.array([times_ms[segment] for segment in found])
    return _Answer(
        value=float(times.std(ddof=1) if sd else np.ptp(times)),
        variant=f"{'sample SD' if sd else 'latest minus earliest'} of {len(found)} segments",
        segments=found,
        notes=notes,
    )


def _delayed(doppler: DopplerTimes) -> _Answer:
    if doppler.dlc_count is None:
        return _needs("tissue Doppler: dlc_count, basal segments with systolic motion in early diastole")
    return _Answer(value=float(doppler.dlc_count), variant="basal segments, tissue Doppler")
