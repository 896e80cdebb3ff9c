"""``resynchro phase``: phase analysis of gated SPECT."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import click

from resynchro.cli.measuring import (
    Failure,
    exit_if_failed,
    measured_in_turn,
    output_options,
    print_csv,
    print_json_lines,
    print_notes,
    table_console,
    warnings_cell,
)

if TYPE_CHECKING:
    from resynchro.imaging.spect.phase_analysis import Harmonics
    from resynchro.imaging.spect.phase_measurement import PhaseMeasurement
    from resynchro.record.gated_spect import ApexEnd, SliceOrientation


class _Given(TypedDict):
    """What the user says about every file."""

    orientation: SliceOrientation
    centre: tuple[float, float] | None
    base_slice: float | None
    apex_slice: float | None
    apex_end: ApexEnd | None
    harmonics: Harmonics
    viable_pct: float
    rr_ms: float | None


#: Columns of ``--csv``: file by file, then delay and perfusion of every segment.
_CSV_COLUMNS = (
    "file",
    "format",
    "gates",
    "rr_ms",
    "viable_pct",
    "sd_deg",
    "bandwidth_deg",
    "entropy_pct",
    "skewness",
    "kurtosis",
    "sd_unweighted_deg",
    "bandwidth_unweighted_deg",
    "entropy_unweighted_pct",
    "noise_pct",
    "amplitude_pct",
    "floor_sd_deg",
    "floor_bandwidth_deg",
    "latest_segment",
    "latest_free_wall_segment",
    *(f"delay_{segment}_rr_pct" for segment in range(1, 18)),
    *(f"perfusion_{segment}_pct" for segment in range(1, 18)),
    "warnings",
)
# Written out, because the record room loads numpy, which the start-up path must not.
_ORIENTATIONS = ("AS", "IS", "AL", "IL", "SA", "SI", "LA", "LI", "patient")


def _centre(_: click.Context, __: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Read ROW,COLUMN."""
    if value is None:
        return None
    try:
        row, column = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not ROW,COLUMN, for example 31.5,30") from None
    return row, column


@click.command("phase")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@output_options(
    "file",
    picture="Write histogram and polar maps of each file as SVG and PNG into DIR.",
)
@click.option(
    "--orientation",
    type=click.Choice(_ORIENTATIONS),
    default="AS",
    show_default=True,
    help="What lies at the top and left of the slices (A anterior, I inferior, S septum, L lateral), or from the file.",
)
@click.option(
    "--centre", callback=_centre, metavar="ROW,COLUMN", help="Where the long axis lies, pixels counted from 0."
)
@click.option("--base-slice", type=float, metavar="N", help="Slice of the valve plane, counted from 0.")
@click.option("--apex-slice", type=float, metavar="N", help="Slice of the tip of the apex, counted from 0.")
@click.option("--apex", "apex_end", type=click.Choice(["first", "last"]), help="Which end of the slices is the apex.")
@click.option(
    "--harmonics",
    type=click.Choice(["1", "2", "3"]),
    default="1",
    show_default=True,
    help="Harmonics that the phase is taken from.",
)
@click.option(
    "--viable",
    "viable_pct",
    type=click.FloatRange(0, 90),
    default=50.0,
    show_default=True,
    help="Least uptake of viable wall, % of the maximum.",
)
@click.option(
    "--rr-ms", type=click.FloatRange(250, 3000), metavar="MS", help="Length of the beat, where the file is silent."
)
def command(
    files: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    orientation: SliceOrientation,
    centre: tuple[float, float] | None,
    base_slice: float | None,
    apex_slice: float | None,
    apex_end: ApexEnd | None,
    harmonics: Literal["1", "2", "3"],
    viable_pct: float,
    rr_ms: float | None,
) -> None:
    """Measure mechanical dyssynchrony from gated SPECT by phase analysis, with its noise floor.

    Read are reconstructed gated short-axis slices (multi-frame DICOM NM, 4-D NIfTI, a folder with one NIfTI file per
    gate) and polar maps as CSV. Files that fail are listed at the end, with status 2.
    """
    from resynchro.imaging.spect.phase_summary import phase_summary

    given: _Given = {
        "orientation": orientation,
        "centre": centre,
        "base_slice": base_slice,
        "apex_slice": apex_slice,
        "apex_end": apex_end,
        "harmonics": {"1": 1, "2": 2, "3": 3}[harmonics],  # type: ignore[typeddict-item]
        "viable_pct": viable_pct,
        "rr_ms": rr_ms,
    }
    failed: list[Failure] = []
    measured = measured_in_turn(files, lambda file: _measure(file, given, picture), failed)
    if as_json:
        print_json_lines(map(phase_summary, measured))
    elif as_csv:
        print_csv(_CSV_COLUMNS, map(_csv_row, map(phase_summary, measured)))
    else:
        _print_tables(measured)
    exit_if_failed(failed, len(files), "files could not be measured")


def _measure(file: Path, given: _Given, picture: Path | None) -> PhaseMeasurement:
    from resynchro.formats.gated_spect_file import read_gated_spect
    from resynchro.imaging.spect.phase_measurement import measure_phase

    measurement = measure_phase(read_gated_spect(file), **given)
    if picture is not None:
        from resynchro.pictures.phase_files import write_phase_pictures

        write_phase_pictures(measurement, picture, orientation=given["orientation"])
    return measurement


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    row = {name: summary.get(name) for name in _CSV_COLUMNS}
    row |= {
        name: summary["weighted"][name] for name in ("sd_deg", "bandwidth_deg", "entropy_pct", "skewness", "kurtosis")
    }
    row |= {
        "sd_unweighted_deg": summary["unweighted"]["sd_deg"],
        "bandwidth_unweighted_deg": summary["unweighted"]["bandwidth_deg"],
        "entropy_unweighted_pct": summary["unweighted"]["entropy_pct"],
    }
    row |= {
        name: summary["noise"][name] for name in ("noise_pct", "amplitude_pct", "floor_sd_deg", "floor_bandwidth_deg")
    }
    for entry in summary["segments"]:
        row[f"delay_{entry['segment']}_rr_pct"] = entry["delay_rr_pct"]
        row[f"perfusion_{entry['segment']}_pct"] = entry["perfusion_pct"]
    row["warnings"] = warnings_cell(summary)
    return row


def _print_tables(measured: Iterator[PhaseMeasurement]) -> None:
    """Print a table of the statistics, one of the segments per file, and the warnings."""
    from rich.table import Table

    table = Table(
        title="Phase analysis of gated SPECT",
        caption="weighted by amplitude squared; floor: a synchronous ventricle with this noise; research use, not a "
        "medical device",
    )
    for heading in ("file", "gates", "phase SD\n(floor) °", "bandwidth\n(floor) °", "entropy\n%", "unweighted\nSD °"):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    for heading in ("noise\n%", "viable\n%", "latest\nsegment"):
        table.add_column(heading, justify="right")
    below: list[str] = []
    for m in measured:
        name = Path(m.polar.file).name
        latest = None if m.latest is None else m.segments[m.latest]
        table.add_row(
            name,
            str(m.polar.gates),
            f"{m.weighted.sd_deg:.1f} ({m.noise.floor_deg:.1f})",
            f"{m.weighted.bandwidth_deg:.0f} ({m.noise.bandwidth_floor_deg:.0f})",
            f"{m.weighted.entropy_pct:.0f}",
            f"{m.unweighted.sd_deg:.1f}",
            f"{m.noise.noise_pct:.1f}",
            f"{m.viable_share_pct:.0f}",
            "–" if latest is None else f"{m.latest} ({latest.delay_deg:+.0f} ± {latest.error_deg:.0f}°)",
        )
        below.append(f"{name}: {m.polar.source}")
        below += [f"{name}: {finding.message}" for finding in m.warnings]
        below += [f"{name}: segment {number} has no phase: {why}" for number, why in sorted(m.delay.absent.items())]
    if table.row_count:
        console = table_console()
        console.print(table)
        print_notes(console, below)
