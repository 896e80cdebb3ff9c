"""``resynchro cine``: volumes, wall thickness and segmental strain from cine MRI."""

from __future__ import annotations

from dataclasses import dataclass
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
    shown,
    table_console,
    warnings_cell,
)
from resynchro.errors import InputError

if TYPE_CHECKING:
    from resynchro.imaging.cine.cine_measurement import CineMeasurement
    from resynchro.record.slices import CineStack, ContourStack, LabelStack

#: Columns of ``--csv``: names of the JSON line, then thickening and strain per segment.
_CSV_COLUMNS = (
    "file",
    "format",
    "rr_ms",
    "volume_method",
    "lv_edv_ml",
    "lv_esv_ml",
    "lv_stroke_volume_ml",
    "lvef_pct",
    "lv_mass_g",
    "ed_frame",
    "es_frame",
    "rv_edv_ml",
    "rv_esv_ml",
    "rvef_pct",
)
_CSV_SEGMENTS = tuple(f"segment_{number}" for number in range(1, 17))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the user says about every path."""

    labels: tuple[Path, ...]
    label_map: str
    guide_points: Path | None
    contour_frames: str | None
    rr_ms: float | None
    slice_axis: int | None
    check_engine: bool
    strain_tables: Path | None


@click.command("cine")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option(
    "--labels",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Masks (NIfTI) of the ventricles, 3-D or 4-D; several times for files of single phases.",
)
@click.option(
    "--label-map",
    default="acdc",
    show_default=True,
    metavar="NAME|MAP",
    help="What the numbers of the masks mean: acdc, emidec, biv-me, or cavity=1,myocardium=2,rv=3.",
)
@click.option(
    "--guide-points",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder with contours as biv-me guide points.",
)
@click.option(
    "--contour-frames",
    metavar="N,...",
    help="Frames of the cine, counted from 1, that the masks belong to, where they are not one per frame.",
)
@click.option("--rr-ms", type=float, metavar="MS", help="RR interval, for images that do not state their times.")
@click.option(
    "--slice-axis",
    type=click.IntRange(0, 2),
    metavar="0|1|2",
    help="Voxel axis of NIfTI images that counts slices, where it is not the one of the largest spacing.",
)
@click.option(
    "--check-engine",
    is_flag=True,
    help="Track with optical flow (OpenCV), too, and report where both engines disagree.",
)
@click.option(
    "--strain-tables",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the tracked strain of every segment as strain CSV into DIR, for resynchro strain.",
)
@output_options(
    "path",
    picture="Write the short-axis slices with contours and segments, and the volume curve, as SVG and PNG into DIR.",
)
def command(
    paths: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    **given: Any,
) -> None:
    """Measure volumes, wall thickness and segmental strain from cine MRI.

    PATH is a folder of DICOM files, one DICOM file, or a NIfTI file. Without masks or guide points only the images are
    described. Paths that fail are listed at the end, with status 2.
    """
    from resynchro.imaging.cine.cine_summary import cine_summary

    options = _Given(**given)
    failed: list[Failure] = []
    measured = measured_in_turn(paths, lambda path: _measure(path, len(paths), options, picture), failed)
    if as_json:
        print_json_lines(map(cine_summary, measured))
    elif as_csv:
        thickening = [f"thickening_{name}_pct" for name in _CSV_SEGMENTS]
        strain = [f"circumferential_{name}_pct" for name in _CSV_SEGMENTS]
        columns = (*_CSV_COLUMNS, *thickening, *strain, "warnings")
        print_csv(columns, map(_csv_row, map(cine_summary, measured)))
    else:
        for summary in map(cine_summary, measured):
            _print_tables(summary)
    exit_if_failed(failed, len(paths), "paths could not be measured")


def _measure(path: Path, n_paths: int, given: _Given, picture: Path | None) -> CineMeasurement:
    from resynchro.imaging.cine.cine_measurement import measure_cine

    if n_paths > 1 and (given.labels or given.guide_points):
        raise InputError("--labels and --guide-points belong to one examination: give one PATH with them")
    measurement = measure_cine(
        _short_axis(path, given),
        _contours(given),
        contour_frames=_frames(given),
        check_engine=given.check_engine,
    )
    if given.strain_tables is not None:
        from resynchro.formats.strain_csv_writing import write_strain_csv

        for study in (measurement.circumferential, measurement.radial):
            if study is not None:
                write_strain_csv(study, given.strain_tables / f"{path.name.split('.')[0]}_{study.strain_type}.csv")
    if picture is not None:
        from resynchro.pictures.cine_files import write_cine_pictures

        write_cine_pictures(measurement, picture, name=path.name.split(".")[0])
    return measurement


def _short_axis(path: Path, given: _Given) -> CineStack:
    """Return the largest cine stack of parallel slices, or what comes nearest to one."""
    from resynchro.formats.image_stack import read_image_stacks

    stacks = read_image_stacks(path, rr_ms=given.rr_ms, slice_axis=given.slice_axis)
    moving = [stack for stack in stacks if len(stack.slices[0].time_s) > 1]
    return (moving or list(stacks))[0]


def _contours(given: _Given) -> ContourStack | LabelStack | None:
    if given.labels and given.guide_points is not None:
        raise InputError("--labels and --guide-points exclude each other: choose one")
    if given.guide_points is not None:
        from resynchro.formats.guide_points import read_guide_points

        return read_guide_points(given.guide_points)
    if given.labels:
        from resynchro.formats.label_stack import joined_phases, read_label_stack

        return joined_phases(
            [read_label_stack(file, given.label_map, slice_axis=given.slice_axis) for file in given.labels]
        )
    return None


def _frames(given: _Given) -> tuple[int, ...]:
    if given.contour_frames is None:
        return ()
    words = given.contour_frames.split(",")
    if not all(word.strip().isdecimal() and int(word) >= 1 for word in words):
        raise InputError(f"--contour-frames {given.contour_frames}: frames are counted from 1, for example 1,12")
    return tuple(int(word) - 1 for word in words)


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    row = {name: summary[name] for name in _CSV_COLUMNS}
    thickening = (summary["wall_thickening_pct"] or {}).get("values", {})
    strain = ((summary["circumferential_strain"] or {}).get("peak_pct") or {}).get("values", {})
    for number, name in enumerate(_CSV_SEGMENTS, 1):
        row[f"thickening_{name}_pct"] = thickening.get(str(number))
        row[f"circumferential_{name}_pct"] = strain.get(str(number))
    row["warnings"] = warnings_cell(summary)
    return row


def _print_tables(summary: dict[str, Any]) -> None:
    """Print the slices, the volumes and the segments for people, with reasons and warnings below."""
    console = table_console()
    console.print(_slice_table(summary))
    if summary["lv_edv_ml"] is not None:
        console.print(_volume_table(summary))
    if summary["wall_thickness_ed_mm"] is not None:
        console.print(_segment_table(summary))
    print_notes(console, (f"absent: {name}: {reason}" for name, reason in summary["absent"].items()))
    print_notes(console, (finding["message"] for finding in summary["warnings"]))


def _slice_table(summary: dict[str, Any]) -> Any:
    from rich.table import Table

    plane = {"SAX": "stack of parallel slices (short axis)", "LAX": "single slice"}.get(summary["plane"], "images")
    table = Table(title=f"{Path(summary['file']).name}: {plane}, {summary['format']}")
    for heading in ("slice", "position\nmm", "frames", "RR\nms", "whole\nbeat", "matrix", "pixel\nmm"):
        table.add_column(heading, justify="right")
    for item in summary["slices"]:
        table.add_row(
            str(item["slice"]),
            f"{item['position_mm']:.1f}",
            str(item["frames"]),
            shown(item["rr_ms"]),
            "yes" if item["covers_cycle"] else "no",
            f"{item['rows']} x {item['columns']}",
            " x ".join(f"{spacing:.2f}" for spacing in item["spacing_mm"]),
        )
    return table


def _volume_table(summary: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(
        title="Left ventricle",
        caption=f"method: {summary['volume_method']}; {summary['papillary']}; research use, not a medical device",
    )
    for heading in ("method", "EDV\nml", "ESV\nml", "EF\n%", "mass\ng"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    ed, es = summary["ed_frame"] - 1, summary["es_frame"] - 1
    for method, curve in summary["volumes_by_method"].items():
        edv, esv = curve["cavity_ml"][ed], curve["cavity_ml"][es] if es != ed else None
        wall = curve["wall_ml"]
        table.add_row(
            method,
            shown(edv),
            shown(esv),
            "–" if esv is None or not edv else f"{100 * (1 - esv / edv):.0f}",
            "–" if wall is None else f"{1.05 * wall[ed]:.0f}",
        )
    if summary["rv_edv_ml"] is not None:
        values = (summary["rv_edv_ml"], summary["rv_esv_ml"], summary["rvef_pct"])
        table.add_row("right ventricle, slices", *(shown(value) for value in values), "–")
    return table


def _segment_table(summary: dict[str, Any]) -> Any:
    from rich.table import Table

    from resynchro.record.segments import segment_name

    measured = {
        "wall ED\nmm": summary["wall_thickness_ed_mm"],
        "wall ES\nmm": summary["wall_thickness_es_mm"],
        "thickening\n%": summary["wall_thickening_pct"],
        "peak Ecc\n%": (summary["circumferential_strain"] or {}).get("peak_pct"),
        "peak Err\n%": (summary["radial_strain"] or {}).get("peak_pct"),
        "engines\ndiffer %": summary["engine_disagreement_pct"],
    }
    columns = {heading: found["values"] for heading, found in measured.items() if found is not None}
    table = Table(title="Segments (AHA)")
    table.add_column("segment")
    for heading in columns:
        table.add_column(heading, justify="right")
    for number in range(1, 17):
        cells = (shown(values.get(str(number)), ".1f") for values in columns.values())
        table.add_row(f"{number} {segment_name(number)}", *cells)
    return table
