"""What a Philips Sierra XML file says besides the signal: measurements, statements, marks, patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from resynchro.formats.safe_xml import (
    attribute_of,
    child,
    children,
    descendant,
    descendants,
    finite_number,
    number_of,
    text_of,
)
from resynchro.record.ecg import Sex
from resynchro.record.finding import Finding

#: Our names for Philips' values, newest field name first; zero means "not measured" in these.
_MEASURED_ABOVE_ZERO: Final = {
    "heart_rate_bpm": ("heartrate", "meanventrate"),
    "atrial_rate_bpm": ("atrialrate",),
    "rr_ms": ("rrint",),
    "p_ms": ("pdur",),
    "pr_ms": ("print", "meanprint"),
    "qrs_ms": ("qrsdur", "meanqrsdur"),
    "qt_ms": ("qtint", "meanqtint"),
    "qtc_ms": ("qtcb", "meanqtc"),
    "qtcf_ms": ("qtcf",),
    "qrs_onset_ms": ("qonset",),
}
_AXES: Final = {
    "p_axis_deg": "pfrontaxis",
    "qrs_axis_deg": "qrsfrontaxis",
    "t_axis_deg": "tfrontaxis",
}
#: Two QRS durations of one analysis that differ by more than this are pointed out [ms].
QRS_DISAGREEMENT_MS: Final = 20.0


def sierra_measurements(root: Element) -> Mapping[str, float]:
    """Collect the measurements of the Philips program by our names.

    Parameters
    ----------
    root
        The element ``restingecgdata``.

    Returns
    -------
    Mapping
        Values of the printed interpretation; where it is silent, those over all leads
        (``crossleadmeasurements``). ``qrs_onset_ms`` and ``qrs_end_ms`` lie within the representative beat;
        ``qrs_first_group_ms`` is the duration over the first group of equal beats.
    """
    measurements: dict[str, float] = {}
    for block in _measurement_blocks(root):  # later blocks win
        for ours, names in _MEASURED_ABOVE_ZERO.items():
            value = next((found for name in names if (found := number_of(block, name)) is not None), None)
            if value is not None and value > 0:
                measurements[ours] = value
        for ours, name in _AXES.items():
            if (value := number_of(block, name)) is not None:
                measurements[ours] = value
    if "qrs_onset_ms" in measurements and "qrs_ms" in measurements:
        measurements["qrs_end_ms"] = measurements["qrs_onset_ms"] + measurements["qrs_ms"]
    group_ms = number_of(descendant(root, "groupmeasurement"), "meanqrsdur")
    if group_ms is not None and group_ms > 0:
        measurements["qrs_first_group_ms"] = group_ms
    return measurements


def _measurement_blocks(root: Element) -> list[Element]:
    """Return the blocks from the least to the most authoritative; versions name them differently."""
    measured = _measured(root)
    interpretation = child(root, "interpretations", "interpretation")
    blocks = (
        child(measured, "crossleadmeasurements"),  # 1.04
        child(measured, "globalmeasurements"),  # 1.03
        child(interpretation, "interpretationmeasurements"),  # 1.03
        child(interpretation, "globalmeasurements"),  # 1.04
    )
    return [block for block in blocks if block is not None]


def _measured(root: Element) -> Element | None:
    newer = child(root, "internalmeasurements")
    return child(root, "measurements") if newer is None else newer


def qrs_disagreement(measurements: Mapping[str, float]) -> tuple[Finding, ...]:
    """Point out a file whose two QRS durations contradict each other.

    Parameters
    ----------
    measurements
        As from `sierra_measurements`.

    Returns
    -------
    tuple of Finding
        One finding when the duration over all leads and that of the first group of beats differ by more than
        `QRS_DISAGREEMENT_MS`, else empty.
    """
    overall_ms, group_ms = measurements.get("qrs_ms"), measurements.get("qrs_first_group_ms")
    if overall_ms is None or group_ms is None or abs(overall_ms - group_ms) <= QRS_DISAGREEMENT_MS:
        return ()
    message = (
        f"the recorder states two QRS durations: {overall_ms:g} ms over all leads and {group_ms:g} ms for "
        "the main group of beats; compare ours with both"
    )
    return (Finding(code="vendor-qrs-disagrees", message=message),)


def sierra_statements(root: Element) -> tuple[str, ...]:
    """Collect the interpretation statements in the file's order.

    Parameters
    ----------
    root
        The element ``restingecgdata``.

    Returns
    -------
    tuple of str
        Each the statement with its reason in brackets, the severity last.
    """
    interpretation = child(root, "interpretations", "interpretation")
    statements = []
    for statement in children(interpretation, "statement"):
        what, why = text_of(statement, "leftstatement"), text_of(statement, "rightstatement")
        if what:
            statements.append(f"{what} [{why}]" if why else what)
    severity = text_of(interpretation, "severity")
    return (*statements, severity) if severity else tuple(statements)


def sierra_pace_marks_s(root: Element, *, duration_s: float) -> tuple[float, ...]:
    """Collect the stimulus marks that the recorder set over all leads.

    Parameters
    ----------
    root
        The element ``restingecgdata``.
    duration_s
        Length of the recording [s]; marks outside it are dropped.

    Returns
    -------
    tuple of float
        Times from the start of the recording [s], ascending.

    Notes
    -----
    Marks in ``leadmeasurement`` are left out: a known unpaced file has three of them in lead III alone. Times
    are in ms, like all fiducials of the format; that a list in 1.03 holds numbers as text is inferred.
    """
    measured = _measured(root)
    marks_s: list[float] = []
    for block in (child(measured, "crossleadmeasurements"), child(measured, "globalmeasurements")):
        for pulses in children(block, "pacepulses"):
            texts = [attribute_of(pulse, "starttime") for pulse in children(pulses, "pacepulse")]
            texts += (pulses.text or "").replace(",", " ").split()
            times_ms = [time for text in texts if (time := finite_number(text)) is not None]
            marks_s += [time / 1e3 for time in times_ms if 0 <= time / 1e3 <= duration_s]
    return tuple(sorted(marks_s))


def sierra_recorded_at(root: Element) -> datetime | None:
    """Return when the ECG was recorded (local time of the recorder), or None where the file does not say.

    Parameters
    ----------
    root
        The element ``restingecgdata``.
    """
    acquisition = child(root, "dataacquisition")
    date, time = attribute_of(acquisition, "date"), attribute_of(acquisition, "time") or "00:00:00"
    try:
        return datetime.strptime(f"{date} {time[:8]}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None


def sierra_device(root: Element) -> str | None:
    """Return the recorder's name with its software, or None where the file does not say.

    Parameters
    ----------
    root
        The element ``restingecgdata``.
    """
    machine = child(root, "dataacquisition", "machine")
    parts = (text_of(machine), attribute_of(machine, "detaildescription"))
    return ", ".join(part for part in parts if part) or None


def sierra_sex(root: Element) -> Sex | None:
    """Return the patient's sex, or None where the file does not say.

    Parameters
    ----------
    root
        The element ``restingecgdata``.
    """
    initial = (text_of(root, "patient", "generalpatientdata", "sex") or "").upper()[:1]
    return "female" if initial == "F" else "male" if initial == "M" else None


def sierra_age_years(root: Element) -> float | None:
    """Return the patient's age [years]: as stated, else from the dates of birth and recording.

    Parameters
    ----------
    root
        The element ``restingecgdata``.

    Notes
    -----
    The attribute ``defaultage`` is what the program assumes without an age; it is not the patient's.
    """
    age = child(root, "patient", "generalpatientdata", "age")
    for name, per_year in (("years", 1.0), ("months", 12.0), ("weeks", 52.1775), ("days", 365.25)):
        stated = number_of(next(descendants(age, name), None))
        if stated is not None and stated > 0:
            return stated / per_year
    recorded = sierra_recorded_at(root)
    try:
        born = datetime.strptime(text_of(age, "dateofbirth") or "", "%Y-%m-%d")
    except ValueError:
        return None
    if recorded is None or recorded < born:
        return None
    return (recorded - born).days / 365.25
