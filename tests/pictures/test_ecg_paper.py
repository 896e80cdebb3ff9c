"""The ECG on paper is true: millimetres, seconds, millivolts; and it says what a reader must know."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resynchro.ecg.measurement import EcgMeasurement, measure_ecg
from resynchro.pictures.appearance import size_mm
from resynchro.pictures.ecg_paper import FOOTING_MM, GRID_WIDTH_MM, LEAST_GRID_HEIGHT_MM, ecg_paper_figure
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.paper_heading import UNTRUSTED_NOTE
from resynchro.pictures.paper_layout import PaperLayout, displayed_mv, paper_layout
from resynchro.record.ecg import LEADS

POINTS_PER_MM = 72.0 / 25.4
Texts = Callable[[Figure], str]


def _layout(measurement: EcgMeasurement) -> PaperLayout:
    return paper_layout(measurement, LEAST_GRID_HEIGHT_MM)


def _scaled(measurement: EcgMeasurement, factor: float) -> EcgMeasurement:
    record = replace(measurement.record, signal_mv=measurement.record.signal_mv * factor)
    return replace(measurement, record=record)


def test_the_page_is_a4_landscape(lbbb: EcgMeasurement) -> None:
    assert size_mm(ecg_paper_figure(lbbb)) == pytest.approx((297.0, 210.0))


@pytest.mark.parametrize(("name", "colour", "step_mm"), [("1 mm", "#f3c6be", 1.0), ("5 mm", "#e29a8f", 5.0)])
def test_grid_lines_lie_a_millimetre_or_five_apart_on_paper(
    lbbb: EcgMeasurement, name: str, colour: str, step_mm: float
) -> None:
    svg = svg_text(ecg_paper_figure(lbbb), title="t")
    path = re.search(rf'<path d="([^"]*)"[^>]*stroke: {colour}', svg)
    assert path is not None, name
    lines = re.findall(r"M (\S+) (\S+) L (\S+) (\S+)", path.group(1))
    starts, ends = np.split(np.array(lines, dtype=float), 2, axis=1)
    upright = np.abs(starts[:, 0] - ends[:, 0]) < 0.01
    for position, length_mm in (
        (starts[upright, 0], GRID_WIDTH_MM),
        (starts[~upright, 1], LEAST_GRID_HEIGHT_MM),
    ):
        mm = (position - position.min()) / POINTS_PER_MM
        # Rounded to 0.01 pt, which is 3.5 µm. The 1 mm lines leave out every fifth place: 1, 2, 3, 4, 6, ...
        expected = np.arange(0.0, length_mm + 0.1, step_mm)
        if step_mm == 1.0:
            expected = expected[np.round(expected) % 5 != 0]
            expected -= expected[0]
        assert np.sort(mm) == pytest.approx(expected[: mm.size], abs=0.006)
        assert mm.size == expected.size


def test_the_calibration_pulse_is_one_millivolt_for_200_ms_in_each_row(lbbb: EcgMeasurement) -> None:
    figure = ecg_paper_figure(lbbb)
    boxes = [line.get_xydata() for line in figure.axes[0].get_lines() if len(line.get_xydata()) == 6]
    assert len(boxes) == 4
    for points in boxes:
        assert points[3, 0] - points[2, 0] == pytest.approx(5.0)  # 0.2 s x 25 mm/s
        assert points[2, 1] - points[1, 1] == pytest.approx(10.0)  # 1 mV x 10 mm/mV


def test_a_millivolt_is_ten_millimetres_and_a_second_twenty_five(lbbb: EcgMeasurement) -> None:
    shown_mv = displayed_mv(lbbb.record)
    for segment in _layout(lbbb).segments:
        first = round(segment.start_s * lbbb.record.sampling_rate_hz)
        lead_mv = shown_mv[LEADS.index(segment.lead), first : first + segment.y_mm.size]
        assert np.ptp(segment.y_mm) == pytest.approx(10.0 * np.ptp(lead_mv), abs=1e-9)
        # 500 samples are 1 s = 25 mm.
        assert segment.x_mm[500] - segment.x_mm[0] == pytest.approx(25.0)


def test_the_displayed_signal_is_the_recorded_one_without_its_offset(lbbb: EcgMeasurement) -> None:
    offset = np.linspace(-4.0, 4.0, 12)[:, np.newaxis]
    moved = replace(lbbb.record, signal_mv=lbbb.record.signal_mv + offset)
    assert displayed_mv(moved) == pytest.approx(displayed_mv(lbbb.record), abs=1e-9)
    raw, shown = lbbb.record.lead_mv("V2"), displayed_mv(lbbb.record)[LEADS.index("V2")]
    # One beat, so that the drift between beats does not count: its height stays within 1 %.
    middle = int(lbbb.clusters[0].times_s[5] * 500.0)
    beat = slice(middle - 50, middle + 50)
    assert np.ptp(shown[beat]) == pytest.approx(np.ptp(raw[beat]), rel=0.01)


def test_columns_follow_each_other_in_step_with_the_strip(lbbb: EcgMeasurement) -> None:
    layout = _layout(lbbb)
    assert layout.column_starts_s == pytest.approx((0.0, 2.5, 5.0, 7.5))
    assert [s.lead for s in layout.segments] == [
        *("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"),
        "II",
    ]
    strip = layout.segments[-1]
    assert strip.x_mm[-1] == pytest.approx(250.0, abs=0.1)


@pytest.mark.parametrize(("duration_s", "starts_s"), [(5.0, (0.0, 2.5 / 3, 5.0 / 3, 2.5)), (2.2, (0.0, 0.0, 0.0, 0.0))])
def test_all_leads_of_a_short_recording_are_shown(
    measured: Callable[..., EcgMeasurement], duration_s: float, starts_s: tuple[float, ...], texts: Texts
) -> None:
    measurement = measured("lbbb", duration_s)
    layout = _layout(measurement)
    assert layout.column_starts_s == pytest.approx(starts_s)
    assert all(segment.x_mm.size > 2.0 * 500 for segment in layout.segments)
    assert f"recording of {duration_s:.1f} s" in texts(ecg_paper_figure(measurement))


def test_of_a_long_recording_the_ten_seconds_with_most_measured_beats_are_shown(
    measured: Callable[..., EcgMeasurement], texts: Texts
) -> None:
    measurement = measured("lbbb", 24.0)
    cluster = measurement.clusters[0]
    late = replace(cluster, times_s=tuple(t for t in cluster.times_s if t > 12.0))
    measurement = replace(measurement, clusters=(late,))
    layout = _layout(measurement)
    assert layout.start_s >= 12.0 - 1.0
    words = f"seconds {layout.start_s:.0f} to {layout.start_s + 10:.0f} of 24"
    assert words in texts(ecg_paper_figure(measurement))


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5, 4.0])
def test_leads_of_neighbouring_rows_do_not_overprint(lbbb: EcgMeasurement, factor: float) -> None:
    layout = _layout(_scaled(lbbb, factor))
    by_place = {(s.row, s.left_mm): s for s in layout.segments if s.row < 3}
    for (row, left_mm), segment in by_place.items():
        if row < 2:
            below = by_place[(row + 1, left_mm)]
            lowest = layout.baselines_mm[row] + segment.y_mm.min()
            assert lowest > layout.baselines_mm[row + 1] + below.y_mm.max()
    assert (
        layout.baselines_mm[0] + max(s.y_mm.max() for s in layout.segments if s.row == 0) <= layout.grid_height_mm + 5.0
    )
    assert layout.grid_height_mm % 5.0 == 0.0
    assert layout.grid_height_mm >= LEAST_GRID_HEIGHT_MM


def test_an_absurd_gain_is_cut_and_said_so(lbbb: EcgMeasurement, texts: Texts) -> None:
    figure = ecg_paper_figure(_scaled(lbbb, 100.0))
    assert size_mm(figure)[1] < 800.0
    assert "cut at the edge of the row: I, " in texts(figure)


def test_bands_have_the_measured_width_and_place(lbbb: EcgMeasurement) -> None:
    bands = _layout(lbbb).bands
    assert {band.column for band in bands} == {None, 0, 1, 2, 3}
    for band in bands:
        assert band.width_mm == pytest.approx(lbbb.qrs_ms / 1000.0 * 25.0)
    # The fiducial lies 400 ms after the representative beat's first sample.
    first_s = lbbb.clusters[0].times_s[0] - 0.4 + lbbb.limits.onset_ms / 1000.0
    strip = [band for band in bands if band.column is None]
    assert strip[0].left_mm == pytest.approx(first_s * 25.0)
    assert [band.label for band in strip].count(f"QRS {lbbb.qrs_ms:.0f} ms") == 1


def test_everything_a_reader_must_know_is_written(lbbb: EcgMeasurement, texts: Texts) -> None:
    words = texts(ecg_paper_figure(lbbb))
    for lead in LEADS:
        assert f"\n{lead}" in words
    assert "III*" in words and "* computed from the other limb leads" in words
    for part in ("25 mm/s", "10 mm/mV", "0.05 to 150 Hz", "female", "64 years", "LBBB", "not a medical device"):
        assert part in words
    low, high = lbbb.limits.duration_interval_ms
    assert f"QRS {lbbb.qrs_ms:.0f} ms ({low:.0f} to {high:.0f})" in words
    assert UNTRUSTED_NOTE not in words


def test_untrusted_voltages_are_a_red_note(untrusted: EcgMeasurement) -> None:
    figure = ecg_paper_figure(untrusted)
    note = next(text for text in figure.axes[0].texts if text.get_text() == UNTRUSTED_NOTE)
    assert note.get_color() == "#B00020"
    assert "axis –" in "".join(text.get_text() for text in figure.axes[0].texts)


def test_stimuli_and_beats_of_other_forms_are_marked(measured: Callable[..., EcgMeasurement], texts: Texts) -> None:
    paced = measured("rv-paced")
    layout = _layout(paced)
    assert len(layout.ventricular_mm) == len(paced.stimulation.ventricular_s) > 5
    figure = ecg_paper_figure(paced)
    marks = [m for m in figure.axes[0].get_lines() if isinstance(m, Line2D) and m.get_marker() == "v"]
    assert sum(len(mark.get_xdata()) for mark in marks) == len(paced.stimulation.ventricular_s)
    assert "filled triangle: ventricular stimulus" in texts(figure)
    ectopic = measured("normal", 10.0, 4)
    assert any(cluster.kind == "ectopic" for cluster in ectopic.clusters)
    assert any(mark.letters.startswith("E") for mark in _layout(ectopic).beat_marks)
    assert "ectopic" in texts(ecg_paper_figure(ectopic))


def test_svg_of_twelve_leads_stays_small(lbbb: EcgMeasurement) -> None:
    assert len(svg_text(ecg_paper_figure(lbbb), title="t")) < 600_000


def test_nothing_is_written_outside_the_page_or_over_the_paper(lbbb: EcgMeasurement) -> None:
    figure = ecg_paper_figure(lbbb)
    figure.draw_without_rendering()
    for text in figure.axes[0].texts:
        box = text.get_window_extent().transformed(figure.axes[0].transData.inverted())
        assert box.x0 > 5.0 and box.x1 < 292.0, text.get_text()
        if box.y0 > FOOTING_MM + LEAST_GRID_HEIGHT_MM:
            continue
        assert box.y1 <= FOOTING_MM + LEAST_GRID_HEIGHT_MM, text.get_text()


def test_real_left_bundle_branch_block_with_tall_waves(shared_data: Callable[[str], Path], texts: Texts) -> None:
    from resynchro.formats.wfdb_ecg import read_wfdb_ecg

    record = read_wfdb_ecg(shared_data("ecg/ludb/data/51.hea"), uv_per_count=1.0)
    measurement = measure_ecg(record)
    figure = ecg_paper_figure(measurement)
    # V5 reaches 3.5 mV: the page grows instead of printing V4 over V5.
    assert size_mm(figure)[1] > 210.0
    assert "51.hea" in texts(figure)
