"""``resynchro ecg``: measure ECG files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from resynchro.cli.measuring import (
    Failure,
    exit_if_failed,
    measured_in_turn,
    output_options,
    print_csv,
    print_json_lines,
    print_notes,
    shown,
    table_console,
    warnings_cell,
)

if TYPE_CHECKING:
    from resynchro.ecg.delineation import QrsConvention
    from resynchro.ecg.measurement import EcgMeasurement
    from resynchro.record.ecg import Sex


class _Given(TypedDict):
    """What the user says about every file."""

    sex: Sex | None
    age_years: float | None
    qrs_convention: QrsConvention


#: Columns of ``--csv``: names of the JSON line.
_CSV_COLUMNS = (
    "file",
    "format",
    "heart_rate_bpm",
    "paced",
    "measured_beats",
    "qrs_onset_ms",
    "qrs_end_ms",
    "qrs_ms",
    "qrs_low_ms",
    "qrs_high_ms",
    "stimulus_to_qrs_end_ms",
    "pr_ms",
    "qt_ms",
    "axis_deg",
    "qrs_area_uvs",
    "qrs_area_low_uvs",
    "qrs_area_high_uvs",
    "morphology",
    "selvester_points",
    "warnings",
)


@click.command("ecg")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@output_options(
    "file",
    picture="Write the 12-lead ECG, the beats and the vector loop of each file as SVG and PNG into DIR.",
)
@click.option(
    "--uv-per-count",
    type=float,
    metavar="UV",
    help="Microvolts per count, for files whose own gain is wrong.",
)
@click.option(
    "--sampling-rate-hz",
    "sampling_rate",
    type=float,
    metavar="HZ",
    help="Sampling rate, for CSV files that do not give it.",
)
@click.option("--sex", type=click.Choice(["female", "male"]), help="Sex, where the file does not say it.")
@click.option(
    "--qrs-convention",
    type=click.Choice(["manual", "recorder"]),
    default="manual",
    show_default=True,
    help="Whose marks QRS limits follow: cardiologists', or recorders' (12 ms narrower).",
)
@click.option("--age", "age_years", type=click.FloatRange(0, 120), help="Age in years, where the file does not say it.")
def command(
    files: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    uv_per_count: float | None,
    sampling_rate: float | None,
    sex: Sex | None,
    age_years: float | None,
    qrs_convention: QrsConvention,
) -> None:
    """Measure and judge 12-lead ECG files of any supported format.

    Formats are told by content: WFDB, DICOM, HL7 aECG, GE MUSE XML, Philips Sierra XML, SCP-ECG, EDF, CSV.
    Files that fail are listed at the end, with status 2; the others are measured all the same.
    """
    from resynchro.ecg.summary import ecg_summary

    given: _Given = {"sex": sex, "age_years": age_years, "qrs_convention": qrs_convention}
    failed: list[Failure] = []
    measured = measured_in_turn(files, lambda file: _measure(file, uv_per_count, sampling_rate, given, picture), failed)
    if as_json:
        print_json_lines(map(ecg_summary, measured))
    elif as_csv:
        print_csv(_CSV_COLUMNS, map(_csv_row, map(ecg_summary, measured)))
    else:
        _print_table(measured)
    exit_if_failed(failed, len(files), "files could not be measured")


def _measure(
    file: Path, uv_per_count: float | None, sampling_rate_hz: float | None, given: _Given, picture: Path | None
) -> EcgMeasurement:
    from resynchro.ecg.measurement import measure_ecg
    from resynchro.formats.ecg_file import read_ecg

    record = read_ecg(file, uv_per_count=uv_per_count, sampling_rate_hz=sampling_rate_hz)
    measurement = measure_ecg(record, **given)
    if picture is not None:
        from resynchro.pictures.ecg_files import write_ecg_pictures

        write_ecg_pictures(measurement, picture)
    return measurement


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    area = summary["qrs_area_interval_uvs"] or (None, None)
    selvester = summary["selvester"] or {}
    row = {name: summary.get(name) for name in _CSV_COLUMNS}
    row |= {
        "qrs_low_ms": summary["qrs_interval_ms"][0],
        "qrs_high_ms": summary["qrs_interval_ms"][1],
        "qrs_area_low_uvs": area[0],
        "qrs_area_high_uvs": area[1],
        "selvester_points": selvester.get("points"),
        "warnings": warnings_cell(summary),
    }
    return row


def _print_table(measured: Iterator[EcgMeasurement]) -> None:
    """Print a table for people, with warnings and conclusions that may flip below it."""
    from rich.table import Table

    table = Table(title="12-lead ECG", caption="QRS limits follow manual marks; research use, not a medical device")
    for heading, style in (
        ("file", ""),
        ("rate\n1/min", ""),
        ("paced", ""),
        ("QRS (95 %)\nms", "bold"),
        ("PR\nms", ""),
        ("QT\nms", ""),
        ("axis\n°", ""),
        ("QRS area\nµVs", "bold"),
        ("morphology", "bold"),
        ("Selvester\npoints", ""),
    ):
        table.add_column(
            heading, style=style, justify="left" if heading in ("file", "paced", "morphology") else "right"
        )
    notes: list[str] = []
    for m in measured:
        low, high = m.limits.duration_interval_ms
        table.add_row(
            Path(m.record.source.file).name,
            shown(m.heart_rate_bpm),
            m.paced,
            f"{m.qrs_ms:.0f} ({low:.0f} to {high:.0f})",
            shown(m.pr_ms),
            shown(m.qt_ms),
            shown(m.axis_deg),
            shown(m.qrs_area_uvs),
            m.morphology,
            "–" if m.selvester is None or m.selvester.points is None else str(m.selvester.points),
        )
        name = Path(m.record.source.file).name
        notes += [f"{name}: {finding.message}" for finding in m.warnings]
        if m.conduction.flips:
            flips = m.conduction.flips
            more = f" (and {len(flips) - 1} more in --json)" if len(flips) > 1 else ""
            notes.append(f"{name}: {flips[0]}{more}")
    if table.row_count:
        console = table_console()
        console.print(table)
        print_notes(console, notes)
