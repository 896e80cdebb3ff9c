"""``resynchro strain``: mechanical dyssynchrony from strain files."""

from __future__ import annotations

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
    warnings_cell,
)
from resynchro.cli.strain_options import given_doppler, given_recording, recording_options
from resynchro.errors import ResynchroError

if TYPE_CHECKING:
    from resynchro.imaging.strain.cross_correlation import Reference
    from resynchro.imaging.strain.strain_measurement import StrainMeasurement

#: Indices in the columns of ``--csv``; those with a noise floor are followed by it.
_CSV_WITH_FLOOR = (
    "xcorr_delay_sd_ms",
    "xcorr_delay_range_ms",
    "xcorr_lateral_septal_ms",
    "ts_sd_strain_ms",
    "ts_diff_12_strain_ms",
    "septal_to_lateral_delay_ms",
    "septal_to_posterior_delay_ms",
    "radial_as_post_delay_ms",
    "mechanical_dispersion_ms",
    "elsd_ms",
    "ssi_pct",
    "srs_sept_pct",
    "strain_delay_index_pct",
    "post_systolic_index_pct",
    "cure",
    "rure",
    "lure",
    "gls_peak_systolic_pct",
    "gcs_peak_systolic_pct",
    "grs_peak_systolic_pct",
)
_CSV_PLAIN = ("septal_pattern", "classical_lbbb_contraction", "rspi", "septal_flash_mm", "apical_rocking_mm")
_CSV_FIRST = (
    "file",
    "format",
    "engine",
    "strain_type",
    "model",
    "segments",
    "usable_segments",
    "rr_ms",
    "rr_spread_pct",
    "avo_ms",
    "avc_ms",
    "latest_segment",
    "latest_delay_ms",
    "latest_delay_pct_rr",
)


@click.command("strain")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--together", is_flag=True, help="The files are views of one examination, not one examination each.")
@output_options(
    "examination",
    picture="Write strain curves, the bullseye of delays and the data-quality page as SVG and PNG into DIR.",
)
@recording_options("4CH, 2CH, APLAX, SAX-PM")
@click.option(
    "--doppler",
    multiple=True,
    metavar="NAME=VALUE",
    help="A time read from Doppler, tissue Doppler or M-mode, for PROSPECT's twelve; may be given many times.",
)
@click.option(
    "--reference",
    type=click.Choice(["mean", "cluster"]),
    default="mean",
    show_default=True,
    help="Curve that delays count from: the mean of all, or of the largest cluster of alike curves.",
)
@click.option("--nearest-zero", is_flag=True, help="Take the correlation maximum nearest to no delay (a variant).")
def command(
    files: tuple[Path, ...],
    together: bool,
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    doppler: tuple[str, ...],
    reference: Reference,
    nearest_zero: bool,
    **recording: Any,
) -> None:
    """Measure mechanical dyssynchrony in strain files of any supported format.

    Delay of every segment, times to peak, discoordination and stretch, each with its noise floor. Files are one
    examination each, or its views with --together. Files that fail are listed at the end, with status 2.
    """
    from resynchro.formats.strain_file import read_strain
    from resynchro.imaging.strain.strain_measurement import measure_strain
    from resynchro.imaging.strain.strain_summary import strain_summary

    reading = given_recording(**recording)
    try:
        times = given_doppler(doppler)
    except ResynchroError as error:
        raise click.UsageError(str(error)) from error

    def measure(examination: tuple[Path, ...]) -> StrainMeasurement:
        study = read_strain(examination, **reading)
        measurement = measure_strain(study, doppler=times, reference=reference, nearest_zero=nearest_zero)
        if picture is not None:
            from resynchro.pictures.strain_files import write_strain_pictures

            write_strain_pictures(measurement, picture)
        return measurement

    examinations = [files] if together else [(file,) for file in files]
    failed: list[Failure] = []
    measured = measured_in_turn(examinations, measure, failed)
    if as_json:
        print_json_lines(map(strain_summary, measured))
    elif as_csv:
        with_floor = [name for key in _CSV_WITH_FLOOR for name in (key, f"{key}_noise_floor")]
        columns = (*_CSV_FIRST, *with_floor, *_CSV_PLAIN, "warnings")
        print_csv(columns, map(_csv_row, map(strain_summary, measured)))
    else:
        from resynchro.cli.strain_tables import print_strain_tables

        print_strain_tables(measured)
    exit_if_failed(failed, len(examinations), "examinations could not be measured")


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    row = {name: summary.get(name) for name in _CSV_FIRST}
    timed = {s: item for s, item in summary["segments"].items() if item["delay_ms"] is not None}
    latest = max(timed, key=lambda segment: timed[segment]["delay_ms"], default=None)
    row |= {
        "segments": len(summary["segments"]),
        "usable_segments": len(timed),
        "avo_ms": summary["events_ms"]["avo"],
        "avc_ms": summary["events_ms"]["avc"],
        "latest_segment": latest,
        "latest_delay_ms": None if latest is None else timed[latest]["delay_ms"],
        "latest_delay_pct_rr": None if latest is None else timed[latest]["delay_pct_rr"],
        "warnings": warnings_cell(summary),
    }
    for key in (*_CSV_WITH_FLOOR, *_CSV_PLAIN):
        index = summary["indices"].get(key)
        if index is None:
            continue
        shown = next((index[name] for name in ("value", "flag", "text") if index[name] is not None), None)
        row[key] = shown
        if key in _CSV_WITH_FLOOR:
            row[f"{key}_noise_floor"] = index["noise_floor"]
    return row
