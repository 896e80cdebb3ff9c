"""``resynchro scar``: scar per segment from late-enhancement images, labels or a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
    from resynchro.imaging.scar.scar_measurement import ScarMeasurement
    from resynchro.imaging.scar.scar_slices import AnteriorInsertion

_RULES = ("nsd2", "nsd3", "nsd5", "nsd6", "fwhm_raw", "fwhm_minmax", "fwhm_remote", "otsu", "blood60", "gmm2")
#: Columns of ``--csv`` before those of the rules and the segments.
_CSV_COLUMNS = (
    "file",
    "method",
    "scar_present",
    "scar_pct_lvm",
    "gate_island_pct",
    "scales",
    "posterolateral_transmural_scar",
)
_POINT = re.compile(r"(\d+):(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the user says about every path."""

    mask: Path | None
    label_map: str
    rule: str
    insertion: tuple[str, ...]
    remote_deg: float | None
    scales: str
    model: str
    angle_rule: str


@click.command("scar")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option(
    "--mask",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Masks (NIfTI) drawn on the image PATH: cavity and myocardium, right ventricle and scar if known.",
)
@click.option(
    "--label-map",
    default="emidec",
    show_default=True,
    metavar="NAME|MAP",
    help="What the numbers of the masks mean: acdc, emidec, biv-me, or cavity=1,myocardium=2,scar=3,no_reflow=4,rv=5.",
)
@click.option(
    "--rule",
    type=click.Choice(_RULES),
    default="fwhm_remote",
    show_default=True,
    help="Threshold rule that counts; the others are given beside it.",
)
@click.option(
    "--anterior-insertion",
    "insertion",
    multiple=True,
    metavar="DEG|SLICE:ROW,COL",
    help="Where the right ventricle meets the septum in front, for masks without it: an angle on the screen "
    "(counter-clockwise from the right), or a point in one slice (counted from 1) or several.",
)
@click.option(
    "--remote-deg",
    type=click.FloatRange(-360, 360),
    metavar="DEG",
    help="Middle of the healthy sector on the screen, instead of looking for it in every slice.",
)
@click.option(
    "--scales",
    type=click.Choice(["auto", "as_stored", "matched", "each"]),
    default="auto",
    show_default=True,
    help="Whether slices share one scale of intensity, must be matched to one, or stand each by itself.",
)
@click.option("--model", type=click.Choice(["aha17", "aha16", "aha18"]), default="aha17", show_default=True)
@click.option(
    "--angle-rule",
    type=click.Choice(["rigid60", "insertion"]),
    default="rigid60",
    show_default=True,
    help="Segments in steps of 60 degrees, or septum between the insertions.",
)
@output_options(
    "path",
    picture="Write slices, bullseye and the rules side by side as SVG and PNG into DIR.",
)
@click.option(
    "--table",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write scar per segment as NAME_scar.csv into DIR, as a case folder takes it.",
)
def command(
    paths: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    table: Path | None,
    **given: Any,
) -> None:
    """Measure scar and its transmurality per segment of the left ventricle.

    PATH is a table of scar per segment (CSV), masks with a scar label (NIfTI), or a late-enhancement image (DICOM
    folder or NIfTI) together with --mask. Paths that fail are listed at the end, with status 2.
    """
    from resynchro.imaging.scar.scar_summary import scar_summary

    options = _Given(**given)
    failed: list[Failure] = []
    measured = measured_in_turn(paths, lambda path: _measure(path, len(paths), options, picture, table), failed)
    if as_json:
        print_json_lines(map(scar_summary, measured))
    elif as_csv:
        rules = [f"{rule}_pct_lvm" for rule in _RULES]
        segments = [f"transmurality_{segment}_pct" for segment in range(1, 19)]
        print_csv((*_CSV_COLUMNS, *rules, *segments, "warnings"), map(_csv_row, map(scar_summary, measured)))
    else:
        _print_table(map(scar_summary, measured))
    exit_if_failed(failed, len(paths), "paths could not be measured")


def _measure(path: Path, n_paths: int, given: _Given, picture: Path | None, table: Path | None) -> ScarMeasurement:
    if given.mask is not None and n_paths > 1:
        raise InputError("--mask belongs to one image: give one PATH with it")
    measurement = _measurement(path, given)
    if table is not None:
        from resynchro.formats.scar_csv import write_scar_csv

        write_scar_csv(measurement.scar_map, table / f"{path.name.split('.')[0] or 'scar'}_scar.csv")
    if picture is not None:
        from resynchro.pictures.scar_files import write_scar_pictures

        write_scar_pictures(measurement, picture, name=path.name.split(".")[0])
    return measurement


def _measurement(path: Path, given: _Given) -> ScarMeasurement:
    """Tell what the path is and measure it."""
    from resynchro.formats.label_stack import read_label_stack
    from resynchro.formats.scar_csv import read_scar_csv
    from resynchro.imaging.scar.scar_measurement import given_scar, measure_scar, scar_from_labels

    options: dict[str, Any] = {
        "model": given.model,
        "angle_rule": given.angle_rule,
        "anterior_insertion": _insertion(given.insertion),
    }
    if given.mask is None:
        if path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".txt"):
            return given_scar(read_scar_csv(path))
        if path.is_dir():
            raise InputError(f"{path}: is a folder of images; give the masks drawn on them too (--mask FILE)")
        return scar_from_labels(read_label_stack(path, given.label_map), **options)
    labels = read_label_stack(given.mask, given.label_map)
    options |= {"rule": given.rule, "remote_deg": given.remote_deg, "scales": given.scales}
    return measure_scar(_still_stack(path), labels, **options)


def _still_stack(path: Path) -> Any:
    """Return the largest stack of still images of a path."""
    from resynchro.formats.image_stack import read_image_stacks

    stacks = read_image_stacks(path)
    still = [stack for stack in stacks if all(item.frames.shape[0] == 1 for item in stack.slices)]
    if not still:
        raise InputError(f"{path}: holds cine images only, late enhancement has one image per slice")
    return max(still, key=lambda stack: len(stack.slices))


def _insertion(texts: tuple[str, ...]) -> AnteriorInsertion | None:
    """Return what ``--anterior-insertion`` says."""
    if not texts:
        return None
    if len(texts) == 1 and ":" not in texts[0]:
        try:
            return float(texts[0])
        except ValueError:
            raise InputError(
                f"--anterior-insertion {texts[0]!r}: give degrees or SLICE:ROW,COL, for example 135 or 3:71,48"
            ) from None
    points: dict[int, tuple[float, float]] = {}
    for text in texts:
        match = _POINT.fullmatch(text.replace(" ", ""))
        if match is None or match.group(1) == "0":
            raise InputError(
                f"--anterior-insertion {text!r}: points are SLICE:ROW,COL with slices counted from 1, for example "
                "3:71,48"
            )
        points[int(match.group(1)) - 1] = (float(match.group(2)), float(match.group(3)))
    return points


def _csv_row(summary: dict[str, Any]) -> dict[str, Any]:
    row = {name: summary.get(name) for name in _CSV_COLUMNS}
    row["gate_island_pct"] = (summary["gate"] or {}).get("island_pct")
    row["posterolateral_transmural_scar"] = summary["posterolateral"]["transmural_scar"]
    row |= {f"{rule}_pct_lvm": value for rule, value in summary["by_rule_pct_lvm"].items()}
    row |= {f"transmurality_{item['segment']}_pct": item["transmurality_mean_pct"] for item in summary["segments"]}
    row["warnings"] = warnings_cell(summary)
    return row


def _print_table(summaries: Iterable[dict[str, Any]]) -> None:
    """Print a table of segments per examination, with verdict, rules and warnings below."""
    from rich.table import Table

    console = table_console()
    for summary in summaries:
        table = Table(
            title=f"Scar: {Path(summary['file']).name} ({summary['method_words']})",
            caption="research use, not a medical device",
        )
        for heading in ("segment", "mean\n%", "largest\n%", "rules\n%", "area\n%", "class\n%", ""):
            table.add_column(heading, justify="left" if heading in ("segment", "") else "right")
        for item in summary["segments"]:
            spread = "–" if item["low_pct"] is None else f"{item['low_pct']:.0f} to {item['high_pct']:.0f}"
            table.add_row(
                f"{item['segment']:>2} {item['name']}",
                shown(item["transmurality_mean_pct"]),
                shown(item["transmurality_max_pct"]),
                spread,
                shown(item["area_pct"]),
                item["class"],
                "" if item["viable"] else "transmural",
            )
        if summary["segments"]:
            console.print(table)
        else:
            console.print(table.title or "", markup=False)
        print_notes(console, _lines(summary))


def _lines(summary: dict[str, Any]) -> list[str]:
    lines = []
    if summary["scar_pct_lvm"] is not None:
        lines.append(f"scar {summary['scar_pct_lvm']:.1f} % of the wall")
    if summary["by_rule_pct_lvm"]:
        values = ", ".join(f"{rule} {value:.1f}" for rule, value in summary["by_rule_pct_lvm"].items())
        lines.append(f"by rule, before the gate [% of the wall]: {values}")
    lines += [f"{rule} refused: {reason}" for rule, reason in summary["refused_rules"].items()]
    if summary["chord_classes_pct"]:
        shares = ", ".join(f"{name} %: {value:.0f}" for name, value in summary["chord_classes_pct"].items())
        lines.append(f"chords by transmurality [% of chords]: {shares}")
    reasons: dict[str, list[str]] = {}
    for item in summary["absent"]:
        reasons.setdefault(item["reason"], []).append(str(item["segment"]))
    lines += [f"absent: segment {', '.join(numbers)}: {reason}" for reason, numbers in reasons.items()]
    lines.append(summary["posterolateral"]["message"])
    return lines + [f"warning: {finding['message']}" for finding in summary["warnings"]]
