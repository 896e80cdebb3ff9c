"""``resynchro ecg``: measure ECG files."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from resynchro.errors import ResynchroError

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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line and file.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header line.")
@click.option(
    "--picture",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the 12-lead ECG, the beats and the vector loop of each file as SVG and PNG into DIR.",
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
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other: choose one")
    failed: list[tuple[Path, str]] = []
    given: _Given = {"sex": sex, "age_years": age_years, "qrs_convention": qrs_convention}
    measured = _measured(files, failed, uv_per_count, sampling_rate, given, picture)
    if as_json:
        for measurement in measured:
            print(json.dumps(_summary(measurement), allow_nan=False, ensure_ascii=False), flush=True)
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, _CSV_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for measurement in measured:
            writer.writerow(_csv_row(_summary(measurement)))
            sys.stdout.flush()
    else:
        _print_table(measured)
    if failed:
        for file, message in failed:
            print(f"resynchro: {message if str(file) in message else f'{file}: {message}'}", file=sys.stderr)
        print(f"resynchro: {len(failed)} of {len(files)} files could not be measured", file=sys.stderr)
        sys.exit(2)


def _measured(
    files: Sequence[Path],
    failed: list[tuple[Path, str]],
    uv_per_count: float | None,
    sampling_rate_hz: float | None,
    given: _Given,
    picture: Path | None,
) -> Iterator[EcgMeasurement]:
    """Yield the measurement of every file that can be measured; note the others."""
    from rich.console import Console
    from rich.progress import track

    from resynchro.ecg.measurement import measure_ecg
    from resynchro.formats.ecg_file import read_ecg

    console = Console(stderr=True)
    show = console.is_terminal and len(files) > 3
    for file in track(files, "Measuring", console=console, transient=True, disable=not show):
        try:
            record = read_ecg(file, uv_per_count=uv_per_count, sampling_rate_hz=sampling_rate_hz)
            measurement = measure_ecg(record, **given)
            if picture is not None:
                from resynchro.pictures.ecg_files import write_ecg_pictures

                write_ecg_pictures(measurement, picture)
        except ResynchroError as error:
            failed.append((file, str(error)))
            continue
        yield measurement


def _summary(measurement: EcgMeasurement) -> dict[str, Any]:
    from resynchro.ecg.summary import ecg_summary

    return ecg_summary(measurement)


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
        "warnings": "; ".join(finding["message"] for finding in summary["warnings"]),
    }
    return row


def _print_table(measured: Iterator[EcgMeasurement]) -> None:
    """Print a table for people, with warnings and conclusions that may flip below it."""
    from rich.console import Console
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
            _number(m.heart_rate_bpm),
            m.paced,
            f"{m.qrs_ms:.0f} ({low:.0f} to {high:.0f})",
            _number(m.pr_ms),
            _number(m.qt_ms),
            _number(m.axis_deg),
            _number(m.qrs_area_uvs),
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
        console = Console(width=None if sys.stdout.isatty() else 120)
        console.print(table)
        for note in notes:
            console.print(f"  {note}", markup=False, highlight=False)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
