"""``resynchro work``: myocardial work from strain files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from resynchro.cli.strain_options import given_recording, recording_options

if TYPE_CHECKING:
    from resynchro.imaging.work.pressure_template import PressureScale
    from resynchro.imaging.work.work_measurement import PressureChoice, WorkMeasurement

_CSV_FIRST = ("file", "format", "pressure_origin", "systolic_mmhg")
#: Indices in the columns of ``--csv``, each followed by its uncertainty.
_CSV_INDICES = (
    "gwi_mmhg_pct",
    "gcw_mmhg_pct",
    "gww_mmhg_pct",
    "gwe_pct",
    "septal_work_mmhg_pct",
    "lateral_work_mmhg_pct",
    "lateral_minus_septal_work_mmhg_pct",
    "septal_wasted_ratio_pct",
)


@click.command("work")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--together", is_flag=True, help="The files are views of one examination, not one examination each.")
@output_options(
    "examination",
    picture="Write pressure-strain loops and the bullseye of work as SVG and PNG into DIR.",
)
@click.option("--systolic-mmhg", type=float, metavar="MMHG", help="Systolic cuff pressure; replaces that of the file.")
@click.option(
    "--pressure",
    type=click.Choice(["auto", "measured", "estimated"]),
    default="auto",
    show_default=True,
    help="A pressure curve where there is one, only that, or only the estimate from cuff pressure.",
)
@click.option(
    "--pressure-csv",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Measured left-ventricular pressure of one beat: columns time_s (from QRS onset) and pressure_mmhg.",
)
@click.option(
    "--pressure-scale",
    "scale",
    type=click.Choice(["sbp", "peak"]),
    default="sbp",
    show_default=True,
    help="Estimated pressure peaks at 1.015 of the cuff pressure, as the vendor's does, or exactly at it.",
)
@click.option("--noise-pct", type=float, metavar="PCT", help="Strain noise of a frame; else estimated from the curves.")
@recording_options("4CH, 2CH, APLAX")
def command(
    files: tuple[Path, ...],
    together: bool,
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    systolic_mmhg: float | None,
    pressure: PressureChoice,
    pressure_csv: Path | None,
    scale: PressureScale,
    noise_pct: float | None,
    **recording: Any,
) -> None:
    """Measure myocardial work from strain curves, left-ventricular pressure and valve events.

    Pressure is the file's curve, a measured one (--pressure-csv), or estimated from cuff pressure and all four valve
    events. Files that fail are listed at the end, with status 2; the others are measured all the same.
    """
    if pressure == "estimated" and pressure_csv is not None:
        raise click.UsageError("--pressure estimated and --pressure-csv exclude each other: choose one")
    from resynchro.formats.pressure_csv import read_pressure_csv
    from resynchro.formats.strain_file import read_strain
    from resynchro.imaging.work.work_measurement import measure_work
    from resynchro.imaging.work.work_summary import work_summary

    reading = given_recording(**recording)
    trace = None if pressure_csv is None else read_pressure_csv(pressure_csv)

    def measure(examination: tuple[Path, ...]) -> WorkMeasurement:
        measurement = measure_work(
            read_strain(examination, **reading),
            systolic_mmhg=systolic_mmhg,
            pressure=pressure,
            pressure_trace=trace,
            scale=scale,
            noise_pct=noise_pct,
        )
        if picture is not None:
            from resynchro.pictures.work_files import write_work_pictures

            write_work_pictures(measurement, picture)
        return measurement

    examinations = [files] if together else [(file,) for file in files]
    failed: list[Failure] = []
    measured = measured_in_turn(examinations, measure, failed)
    if as_json:
        print_json_lines(map(work_summary, measured))
    elif as_csv:
        indices = [name for key in _CSV_INDICES for name in (key, f"{key}_uncertainty")]
        columns = (*_CSV_FIRST, "n_segments", *indices, "warnings")
        print_csv(columns, map(_csv_row, map(work_summary, measured)))
    else:
        _print_tables(measured)
    exit_if_failed(failed, len(examinations), "examinations could not be measured")


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    row = {name: summary[name] for name in _CSV_FIRST}
    row["n_segments"] = len(summary["segments"])
    for key in _CSV_INDICES:
        row[key] = summary["indices"][key]["value"]
        row[f"{key}_uncertainty"] = summary["indices"][key]["uncertainty"]
    row["warnings"] = warnings_cell(summary)
    return row


def _print_tables(measured: Iterator[WorkMeasurement]) -> None:
    """Print the indices of each examination for people, with what they depend on below."""
    from rich.table import Table

    console = table_console()
    for m in measured:
        table = Table(
            title=f"Myocardial work: {Path(m.study.file.split(' + ')[0]).name}",
            caption=f"pressure {m.pressure_origin}, {m.systolic_mmhg:.0f} mmHg; research use, not a medical device",
        )
        table.add_column("index")
        table.add_column("value", style="bold", justify="right")
        table.add_column("± inputs", justify="right")
        table.add_column("noise floor", justify="right")
        table.add_column("segments", justify="right")
        table.add_column("published")
        for value in m.indices:
            table.add_row(
                value.name,
                "–" if value.value is None else f"{_number(value.value)} {value.unit}",
                "–" if value.value is None else _number(m.uncertainty.get(value.key)),
                _number(value.noise_floor),
                str(value.n_segments),
                "; ".join(
                    f"{one.statement} ({one.role}{'' if one.verified else ', unverified'})" for one in value.published
                ),
            )
        console.print(table)
        notes = [f"{value.name}: {value.absent}" for value in m.indices if value.absent is not None]
        notes += [f"segment {segment}: {reason}" for segment, reason in m.absent_segments]
        notes += [finding.message for finding in m.findings]
        print_notes(console, notes)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if abs(value) < 100.0 else f"{value:.0f}"
