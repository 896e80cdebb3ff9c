"""``resynchro volumes``: echo volumes and ejection fraction from contours."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

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

#: Columns of ``--csv``: names of the JSON line, then of its indices.
_CSV_COLUMNS = (
    "file",
    "software",
    "edv_ml",
    "esv_ml",
    "stroke_volume_ml",
    "lvef_pct",
    "ed_method",
    "es_method",
    "ed_length_mm",
    "es_length_mm",
)
_CSV_INDICES = (
    "tapse_mm",
    "rv_fac_pct",
    "rv_s_prime_cm_per_s",
    "lvesv_change_pct",
    "lvedv_change_pct",
    "lvef_change_points",
)


@click.command("volumes")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@output_options(
    "file",
    picture="Write the contours with their discs as SVG and PNG into DIR.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Contours of an earlier visit: the change of volumes and ejection fraction is added.",
)
@click.option("--tapse-mm", type=float, metavar="MM", help="TAPSE of the right ventricle.")
@click.option("--rv-ed-area-cm2", type=float, metavar="CM2", help="Right-ventricular area at end-diastole.")
@click.option("--rv-es-area-cm2", type=float, metavar="CM2", help="Right-ventricular area at end-systole.")
@click.option("--s-prime-cm-per-s", type=float, metavar="CM/S", help="S' of the tricuspid annulus.")
def command(
    files: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    baseline: Path | None,
    tapse_mm: float | None,
    rv_ed_area_cm2: float | None,
    rv_es_area_cm2: float | None,
    s_prime_cm_per_s: float | None,
) -> None:
    """Compute left-ventricular volumes and ejection fraction from echo contours (Simpson).

    FILE is a table view,phase,x_mm,y_mm of endocardial contours that are open at the annulus. Files that fail are
    listed at the end, with status 2; the others are measured all the same.
    """
    from resynchro.formats.echo_contours import read_echo_contours
    from resynchro.imaging.echo.echo_volume_measurement import EchoVolumes, echo_volumes_summary, measure_echo_volumes

    earlier = None if baseline is None else measure_echo_volumes(read_echo_contours(baseline))

    def measure(file: Path) -> EchoVolumes:
        volumes = measure_echo_volumes(
            read_echo_contours(file),
            baseline=earlier,
            tapse_mm=tapse_mm,
            rv_ed_area_cm2=rv_ed_area_cm2,
            rv_es_area_cm2=rv_es_area_cm2,
            s_prime_cm_per_s=s_prime_cm_per_s,
        )
        if picture is not None:
            from resynchro.pictures.echo_contours import write_echo_contour_pictures

            write_echo_contour_pictures(volumes, picture)
        return volumes

    failed: list[Failure] = []
    summaries = map(echo_volumes_summary, measured_in_turn(files, measure, failed))
    if as_json:
        print_json_lines(summaries)
    elif as_csv:
        print_csv((*_CSV_COLUMNS, *_CSV_INDICES, "warnings"), map(_csv_row, summaries))
    else:
        _print_table(summaries)
    exit_if_failed(failed, len(files), "files could not be measured")


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    row = {name: summary[name] for name in _CSV_COLUMNS}
    row |= {key: summary["indices"].get(key, {}).get("value") for key in _CSV_INDICES}
    row["warnings"] = warnings_cell(summary)
    return row


def _print_table(summaries: Iterable[dict[str, Any]]) -> None:
    """Print a table for people; changes, right ventricle and warnings stand below it."""
    from rich.table import Table

    table = Table(title="Echo volumes", caption="method of discs; research use, not a medical device")
    for heading in ("file", "EDV\nml", "ESV\nml", "EF\n%", "method", "length ED / ES\nmm"):
        table.add_column(heading, justify="left" if heading in ("file", "method") else "right")
    notes: list[str] = []
    for summary in summaries:
        name = Path(summary["file"]).name
        methods = list(dict.fromkeys(m for m in (summary["ed_method"], summary["es_method"]) if m is not None))
        table.add_row(
            name,
            shown(summary["edv_ml"]),
            shown(summary["esv_ml"]),
            shown(summary["lvef_pct"]),
            ", ".join(methods),
            f"{shown(summary['ed_length_mm'])} / {shown(summary['es_length_mm'])}",
        )
        for key, index in summary["indices"].items():
            if index["value"] is not None:
                published = "; ".join(
                    f"{one['statement']}{'' if one['verified'] else ', unverified'}" for one in index["published"]
                )
                notes.append(
                    f"{name}: {index['name']} {index['value']:g} {index['unit']} (published: {published})"
                    if published
                    else f"{name}: {index['name']} {index['value']:g} {index['unit']}"
                )
                notes += [f"{name}: {note}" for note in index["notes"]]
            elif key.endswith(("change_pct", "change_points")):
                notes.append(f"{name}: {index['name']}: {summary['absent'][key]}")
        notes += [f"{name}: {finding['message']}" for finding in summary["warnings"]]
        notes += [
            f"{name}: {key}: {why}" for key, why in summary["absent"].items() if key in ("edv_ml", "esv_ml", "lvef_pct")
        ]
    if table.row_count:
        console = table_console()
        console.print(table)
        print_notes(console, notes)
