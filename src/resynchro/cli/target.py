"""``resynchro target``: where the left-ventricular lead should go, from the imaging of a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
)

if TYPE_CHECKING:
    from resynchro.planning.measured_imaging import MeasuredImaging
    from resynchro.record.case import Case

_CSV_COLUMNS = (
    "case",
    "timing",
    "verdict",
    "segment",
    "leading",
    "probability",
    "delay_ms",
    "delay_pct_rr",
    "runner_up",
    "runner_up_probability",
    "none_share",
    "veins",
    "reachable_segment",
    "lead_segment",
    "concordance",
    "sentence",
)


@click.command("target")
@click.argument("cases", nargs=-1, required=True, metavar="CASE...", type=click.Path(path_type=Path))
@output_options(
    "case",
    picture="Write the target picture of each case as SVG and PNG into DIR.",
    csv_help="Print comma-separated values, a line per case and kind of timing.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw.")
@click.option("--include-apical", is_flag=True, help="Let the apical free wall (15, 16) be a target.")
@click.option(
    "--transmurality-limit",
    "transmurality_limit_pct",
    type=click.FloatRange(0, 100),
    default=50.0,
    show_default=True,
    metavar="PCT",
    help="Segments with more scar than this share of the wall are excluded.",
)
def command(
    cases: tuple[Path, ...],
    as_json: bool,
    as_csv: bool,
    picture: Path | None,
    seed: int,
    include_apical: bool,
    transmurality_limit_pct: float,
) -> None:
    """Find the latest viable segment of the free wall for each case folder CASE.

    Timing comes from strain curves, cine MRI with contours, or gated SPECT; scar and veins are used where the case has
    them. "No segment stands out" and "no segment qualifies" are answers. Cases that fail are listed at the end, with
    status 2.
    """
    from resynchro.formats.case_folder import read_case
    from resynchro.planning.measured_imaging import measure_imaging

    failed: list[Failure] = []

    def measure(folder: Path) -> tuple[Case, MeasuredImaging]:
        case = read_case(folder)
        imaging = measure_imaging(
            case, seed=seed, include_apical=include_apical, transmurality_limit_pct=transmurality_limit_pct
        )
        if picture is not None:
            _write_pictures(case, imaging, picture)
        if imaging.target is None:
            failed.append((str(folder), _why_not(imaging)))
        return case, imaging

    measured = measured_in_turn(cases, measure, failed)
    if as_json:
        print_json_lines(_document(case, imaging) for case, imaging in measured)
    elif as_csv:
        print_csv(_CSV_COLUMNS, (row for case, imaging in measured for row in _csv_rows(case, imaging)))
    else:
        for case, imaging in measured:
            if imaging.target is not None:
                _print(case, imaging)
    exit_if_failed(failed, len(cases), "cases gave no target" if len(cases) > 1 else None)


def _why_not(imaging: MeasuredImaging) -> str:
    """Return why a case gives no timing, with what to add."""
    reasons = [f"{timed.label}: {timed.failure}" for timed in imaging.targets if timed.failure]
    reasons += [f"{item.file}: {item.failure}" for item in imaging.strain if item.failure]
    reasons += [f"{item.file}: {item.failure}" for item in imaging.cine if item.failure]
    reasons += [f"{item.file}: {item.failure}" for item in imaging.phase if item.failure]
    if reasons:
        return "; ".join(reasons)
    return (
        "the case holds nothing that tells which segment is late; add strain curves (strain), cine MRI with contours "
        "(cine) or gated SPECT (spect) to a visit before follow-up"
    )


def _document(case: Case, imaging: MeasuredImaging) -> dict[str, Any]:
    from resynchro.planning.imaging_document import target_document

    return {"case": case.id} | target_document(imaging)


def _csv_rows(case: Case, imaging: MeasuredImaging) -> Sequence[dict[str, Any]]:
    rows = []
    for timed in imaging.targets:
        target = timed.target
        if target is None:
            continue
        first = None if target.leading is None else target.of(target.leading)
        second = next((entry for entry in target.segments if entry.rank == 2), None)
        rows.append(
            {
                "case": case.id,
                "timing": timed.label,
                "verdict": target.verdict,
                "segment": target.segment,
                "leading": target.leading,
                "probability": None if first is None else _rounded(first.probability, 3),
                "delay_ms": None if first is None else _rounded(first.delay_ms, 1),
                "delay_pct_rr": None if first is None else _rounded(first.delay_pct_rr, 2),
                "runner_up": None if second is None else second.segment,
                "runner_up_probability": None if second is None else _rounded(second.probability, 3),
                "none_share": _rounded(target.none_share, 3),
                "veins": None if first is None else " ".join(first.veins),
                "reachable_segment": None if target.reachable is None else target.reachable.segment,
                "lead_segment": None if imaging.concordance is None else imaging.concordance.lead_segment,
                "concordance": None if imaging.concordance is None else imaging.concordance.word,
                "sentence": target.sentence,
            }
        )
    return rows


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _print(case: Case, imaging: MeasuredImaging) -> None:
    """Print the ranking of the target that counts, the excluded with their reasons, and what else points where."""
    from rich.table import Table

    target = imaging.target
    assert target is not None  # the caller asked
    console = table_console()
    console.print(f"{case.id}: {target.sentence}", markup=False, highlight=False)
    table = Table(caption="research use, not a medical device")
    for heading, justify in (
        ("segment", "left"),
        ("rank", "right"),
        ("probability", "right"),
        ("delay (95 %)\nms", "right"),
        ("% RR", "right"),
        ("scar\n%", "right"),
        ("veins", "left"),
        ("why not, or what weighs against it", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for entry in target.segments:
        table.add_row(
            f"{entry.segment} {entry.name}",
            "–" if entry.rank is None else str(entry.rank),
            "–" if entry.probability is None else f"{100.0 * entry.probability:.0f} %",
            "–"
            if entry.delay_ms is None
            else f"{entry.delay_ms:+.0f} ({entry.delay_low_ms or 0.0:+.0f} to {entry.delay_high_ms or 0.0:+.0f})",
            shown(entry.delay_pct_rr, "+.1f"),
            shown(entry.transmurality_pct),
            ", ".join(entry.veins) or "–",
            "; ".join((*entry.exclusions, *entry.flags)),
        )
    console.print(table)
    lines = [f"By {timed.label}: {timed.target.sentence}" for timed in imaging.targets[1:] if timed.target is not None]
    lines += [f"{timed.label}: {timed.failure}" for timed in imaging.targets if timed.failure]
    lines += [] if imaging.concordance is None else [imaging.concordance.sentence]
    print_notes(console, (*lines, *target.notes, *(finding.message for finding in imaging.findings)))


def _write_pictures(case: Case, imaging: MeasuredImaging, folder: Path) -> None:
    from resynchro.pictures.figure_files import write_figures
    from resynchro.pictures.target import target_figure

    coverage = None if imaging.veins is None else imaging.veins.coverage
    figures = []
    for timed in imaging.targets:
        if timed.target is not None:
            title = f"{case.id}: target for the left-ventricular lead, by {timed.label}"
            suffix = re.sub(r"[^\w.-]+", "_", timed.label)
            figures.append((suffix, title, target_figure(timed.target, veins=coverage, title=title)))
    write_figures(figures, folder, stem=f"{case.id}_target", sha256="", otherwise="case")
