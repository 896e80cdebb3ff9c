"""What stands above and below the ECG on paper: who, the numbers, how it was drawn, what to beware of."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.pictures.appearance import (
    GREY,
    MORPHOLOGY_WORDS,
    RESEARCH_USE,
    SMALL_PT,
    TEXT_PT,
    TITLE_PT,
    WARNING_RED,
    number,
    shortened,
)
from resynchro.pictures.paper_layout import COLUMN_S, STRIP_S, PaperLayout
from resynchro.record.ecg import EcgFilters, EcgRecord

UNTRUSTED_NOTE = "VOLTAGES NOT TRUSTED: the leads contradict each other; only times may be read from this paper"


def draw_heading(axes: Axes, measurement: EcgMeasurement, left_mm: float, top_mm: float, width_mm: float) -> None:
    """Write patient, measurements and judgement above the paper; axes count in millimetres."""
    record = measurement.record
    right = " · ".join(
        text for text in (recorded_in_words(record), record.source.device or "", record.source.format) if text
    )
    right = shortened(right, 0.5 * width_mm, TEXT_PT)
    axes.text(left_mm + width_mm, top_mm - 9.0, right, fontsize=TEXT_PT, color=GREY, ha="right", va="baseline")
    name = shortened(patient_in_words(measurement), 0.48 * width_mm, TITLE_PT + 1.0, bold=True)
    axes.text(left_mm, top_mm - 9.0, name, fontsize=TITLE_PT + 1.0, fontweight="bold", va="baseline")
    numbers = shortened(measurements_in_words(measurement), width_mm, TEXT_PT + 0.5)
    axes.text(left_mm, top_mm - 15.0, numbers, fontsize=TEXT_PT + 0.5, va="baseline")
    judged = shortened(morphology_in_words(measurement), width_mm, TEXT_PT + 0.5)
    axes.text(left_mm, top_mm - 20.0, judged, fontsize=TEXT_PT + 0.5, va="baseline")
    if not record.voltages_trusted:
        axes.text(
            left_mm,
            top_mm - 25.5,
            UNTRUSTED_NOTE,
            fontsize=TITLE_PT,
            fontweight="bold",
            color=WARNING_RED,
            va="baseline",
        )
    elif measurement.warnings:
        more = f" (and {len(measurement.warnings) - 1} more)" if len(measurement.warnings) > 1 else ""
        room_mm = width_mm - 22.0
        warning = shortened(f"Beware: {measurement.warnings[0].message}", room_mm, TEXT_PT) + more
        axes.text(left_mm, top_mm - 25.0, warning, fontsize=TEXT_PT, color=WARNING_RED, va="baseline")


def draw_footing(
    axes: Axes,
    measurement: EcgMeasurement,
    layout: PaperLayout,
    left_mm: float,
    top_mm: float,
    width_mm: float,
) -> None:
    """Write scale, filters and the meaning of the marks below the paper; axes count in millimetres."""
    record = measurement.record
    scale = (
        "25 mm/s · 10 mm/mV · 1 mm = 40 ms = 0.1 mV · shown 0.05 to 150 Hz, zero-phase, mains not removed · "
        f"recorder: {filters_in_words(record.filters)} · {record.sampling_rate_hz:g} Hz"
    )
    lines = [
        scale,
        " · ".join(_marks_in_words(measurement, layout)),
        " · ".join([*_time_in_words(record, layout), *_cut_in_words(record, layout)]),
    ]
    for k, line in enumerate(lines):
        room_mm = width_mm if k < 2 else width_mm - 68.0
        axes.text(
            left_mm,
            top_mm - 3.6 - 3.4 * k,
            shortened(line, room_mm, SMALL_PT + 0.5),
            fontsize=SMALL_PT + 0.5,
            color=GREY,
            va="baseline",
        )
    axes.text(
        left_mm + width_mm,
        top_mm - 3.6 - 6.8,
        RESEARCH_USE,
        fontsize=SMALL_PT + 0.5,
        color=GREY,
        ha="right",
        va="baseline",
    )


def patient_in_words(measurement: EcgMeasurement) -> str:
    """Return the record's name with sex and age, as far as known."""
    name = shortened(Path(measurement.record.source.file).name, 75.0, TITLE_PT, bold=True)
    age = None if measurement.age_years is None else f"{measurement.age_years:.0f} years"
    return " · ".join(text for text in (name, measurement.sex or "sex not known", age or "age not known") if text)


def recorded_in_words(record: EcgRecord) -> str:
    """Return date and time of the recording, or nothing."""
    return "" if record.source.recorded_at is None else f"{record.source.recorded_at:%Y-%m-%d %H:%M}"


def measurements_in_words(measurement: EcgMeasurement) -> str:
    """Return the measured numbers in one line; what could not be measured is a dash."""
    m = measurement
    low, high = m.limits.duration_interval_ms
    area = "QRS area " + number(m.qrs_area_uvs, "µVs")
    if m.area_interval is not None:
        area += f" ({m.area_interval.low_uvs:.0f} to {m.area_interval.high_uvs:.0f})"
    return "  ·  ".join(
        (
            "rate " + number(m.heart_rate_bpm, "/min"),
            "PR " + number(m.pr_ms, "ms"),
            f"QRS {m.qrs_ms:.0f} ms ({low:.0f} to {high:.0f})",
            "QT " + number(m.qt_ms, "ms"),
            "axis " + number(m.axis_deg, "°"),
            area,
            f"pacing: {m.paced}",
        )
    )


def morphology_in_words(measurement: EcgMeasurement) -> str:
    """Return the headline morphology with its reason."""
    return f"{MORPHOLOGY_WORDS[measurement.morphology]}: {measurement.conduction.reason}"


def filters_in_words(filters: EcgFilters) -> str:
    """Return the recorder's own filters."""
    parts = [
        f"{name} {value:g} Hz"
        for name, value in (
            ("high-pass", filters.high_pass_hz),
            ("low-pass", filters.low_pass_hz),
            ("notch", filters.notch_hz),
        )
        if value is not None
    ]
    return ", ".join(parts) or filters.description or "filters not stated"


def _marks_in_words(measurement: EcgMeasurement, layout: PaperLayout) -> list[str]:
    total = sum(len(cluster.times_s) for cluster in measurement.clusters)
    measured = measurement.clusters[0]
    words = [f"shaded: QRS limits of the measured form ({len(measured.times_s)} of {total} beats, {measured.kind})"]
    if layout.forms:
        shown = ", ".join(f"{letters} {what}" for letters, what in layout.forms[:5])
        words.append(f"other forms under the strip: {shown}" + (" …" if len(layout.forms) > 5 else ""))
    if layout.ventricular_mm:
        words.append("filled triangle: ventricular stimulus")
    if layout.atrial_mm:
        words.append("open triangle: atrial stimulus")
    return words


def _time_in_words(record: EcgRecord, layout: PaperLayout) -> list[str]:
    if record.duration_s < STRIP_S - 0.01:
        starts = ", ".join(f"{start:.1f}" for start in layout.column_starts_s)
        overlap = f"; columns start at {starts} s" if record.duration_s > COLUMN_S else ""
        return [f"recording of {record.duration_s:.1f} s{overlap}"]
    if record.duration_s > STRIP_S + 0.5:
        first, last = layout.start_s, layout.start_s + STRIP_S
        return [f"seconds {first:.0f} to {last:.0f} of {record.duration_s:.0f}, columns consecutive"]
    return ["columns consecutive in time, in step with the strip"]


def _cut_in_words(record: EcgRecord, layout: PaperLayout) -> list[str]:
    words = []
    if record.derived_leads:
        words.append("* computed from the other limb leads")
    cut = sorted({s.lead for s in layout.segments if s.is_cut}, key=[s.lead for s in layout.segments].index)
    if cut:
        words.append(f"cut at the edge of the row: {', '.join(cut)}")
    return words
