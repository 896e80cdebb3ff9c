"""What a GE MUSE XML file says besides the signal: measurements, statements, stimulus marks, the patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from resynchro.formats.safe_xml import child, children, descendants, finite_number, number_of, text_of
from resynchro.record.ecg import Sex

#: Our names for GE's durations and rates; zero means "not measured" in these.
_MEASURED_ABOVE_ZERO: Final = {
    "VentricularRate": "heart_rate_bpm",
    "AtrialRate": "atrial_rate_bpm",
    "PRInterval": "pr_ms",
    "QRSDuration": "qrs_ms",
    "QTInterval": "qt_ms",
    "QTCorrected": "qtc_ms",
    "QTcFrederica": "qtcf_ms",
}
_AXES: Final = {"PAxis": "p_axis_deg", "RAxis": "qrs_axis_deg", "TAxis": "t_axis_deg"}
#: Marks on the median beat, counted in samples of `ECGSampleBase`.
_MARKS: Final = {
    "POnset": "p_onset_ms",
    "POffset": "p_end_ms",
    "QOnset": "qrs_onset_ms",
    "QOffset": "qrs_end_ms",
    "TOffset": "t_end_ms",
}
_YEARS: Final = {"YEARS": 1.0, "MONTHS": 1 / 12, "WEEKS": 1 / 52.1775, "DAYS": 1 / 365.25, "HOURS": 1 / 8766}


def rate_with_exponent_hz(base: float | None, exponent: float | None) -> float | None:
    """Compute a sampling rate from MUSE's base and power of ten.

    Parameters
    ----------
    base, exponent
        ``SampleBase`` and ``SampleExponent``; a missing exponent counts as 0.

    Returns
    -------
    float or None
        base x 10^exponent [Hz], None where that is no positive number of sensible size.
    """
    exponent = 0.0 if exponent is None else exponent
    if base is None or not 0 < base < 1e9 or abs(exponent) > 9:
        return None
    return float(base * 10.0**exponent)


def muse_measurements(root: Element) -> Mapping[str, float]:
    """Collect the measurements of the 12SL program by our names.

    Parameters
    ----------
    root
        The element ``RestingECG``.

    Returns
    -------
    Mapping
        Confirmed values (``RestingECGMeasurements``); where they are silent, the values as first computed
        (``OriginalRestingECGMeasurements``). Marks are converted from samples on the median beat to ms.
    """
    measurements: dict[str, float] = {}
    for block in ("OriginalRestingECGMeasurements", "RestingECGMeasurements"):  # the confirmed values win
        stated = child(root, block)
        for theirs, ours in _MEASURED_ABOVE_ZERO.items():
            if (value := number_of(stated, theirs)) is not None and value > 0:
                measurements[ours] = value
        for theirs, ours in _AXES.items():
            if (value := number_of(stated, theirs)) is not None:
                measurements[ours] = value
        rate_hz = rate_with_exponent_hz(number_of(stated, "ECGSampleBase"), number_of(stated, "ECGSampleExponent"))
        for theirs, ours in _MARKS.items():
            if rate_hz is not None and (value := number_of(stated, theirs)) is not None and value > 0:
                measurements[ours] = value * 1e3 / rate_hz
    return measurements


def muse_statements(root: Element) -> tuple[str, ...]:
    """Collect the interpretation: the confirmed one, else the computer's.

    Parameters
    ----------
    root
        The element ``RestingECG``.

    Returns
    -------
    tuple of str
        Lines in the file's order; pieces of one line (up to the flag ``ENDSLINE``) are joined.
    """
    return _lines(child(root, "Diagnosis")) or _lines(child(root, "OriginalDiagnosis"))


def _lines(diagnosis: Element | None) -> tuple[str, ...]:
    lines: list[str] = []
    pieces: list[str] = []
    for piece in children(diagnosis, "DiagnosisStatement"):
        if text := text_of(piece, "StmtText"):
            pieces.append(text)
        if any("ENDSLINE" in (flag.text or "").upper() for flag in children(piece, "StmtFlag")):
            lines.append(" ".join(pieces))
            pieces = []
    lines.append(" ".join(pieces))
    return tuple(line for line in lines if line)


def muse_pace_marks_s(root: Element, *, duration_s: float) -> tuple[float, ...]:
    """Collect stimulus marks.

    Parameters
    ----------
    root
        The element ``RestingECG``.
    duration_s
        Length of the rhythm strip [s]; marks outside it are dropped.

    Returns
    -------
    tuple of float
        Times from the start of the recording [s], ascending.

    Notes
    -----
    Elements ``PaceSpike`` are read in ms, the unit of the ``Time`` of ``QRSTimesTypes``. This is inferred: no
    file with such marks was at hand.
    """
    marks_s = []
    for name in ("PaceSpike", "PacerSpike", "PacemakerSpike"):
        for spike in descendants(root, name):
            time_ms = number_of(spike, "Time")
            time_ms = finite_number((spike.text or "").strip()) if time_ms is None else time_ms
            if time_ms is not None and 0 <= time_ms / 1e3 <= duration_s:
                marks_s.append(time_ms / 1e3)
    return tuple(sorted(marks_s))


def muse_recorded_at(root: Element) -> datetime | None:
    """Return when the ECG was recorded (local time of the recorder), or None where the file does not say.

    Parameters
    ----------
    root
        The element ``RestingECG``.
    """
    test = child(root, "TestDemographics")
    date, time = text_of(test, "AcquisitionDate"), text_of(test, "AcquisitionTime") or "00:00:00"
    return _moment(f"{date} {time}", ("%m-%d-%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"))


def _moment(text: str, styles: tuple[str, ...]) -> datetime | None:
    for style in styles:
        try:
            return datetime.strptime(text, style)
        except ValueError:
            continue
    return None


def muse_sex(root: Element) -> Sex | None:
    """Return the patient's sex, or None where the file does not say.

    Parameters
    ----------
    root
        The element ``RestingECG``.
    """
    initial = (text_of(root, "PatientDemographics", "Gender") or "").upper()[:1]
    return "female" if initial == "F" else "male" if initial == "M" else None


def muse_age_years(root: Element) -> float | None:
    """Return the patient's age [years]: as stated, else from the dates of birth and recording.

    Parameters
    ----------
    root
        The element ``RestingECG``.
    """
    patient = child(root, "PatientDemographics")
    age = number_of(patient, "PatientAge")
    unit = (text_of(patient, "AgeUnits") or "YEARS").upper()
    if age is not None and age > 0 and unit in _YEARS:
        return age * _YEARS[unit]
    born = _moment(text_of(patient, "DateofBirth") or "", ("%m-%d-%Y", "%m/%d/%Y", "%Y-%m-%d"))
    recorded = muse_recorded_at(root)
    if born is None or recorded is None or recorded < born:
        return None
    return (recorded - born).days / 365.25
