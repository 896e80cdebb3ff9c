"""``resynchro compare-ecg``: is the resynchronisation of the reference still there?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from resynchro.ecg.comparison import EcgComparison
    from resynchro.ecg.template import EcgTemplate, TemplateLabel

_PATH = click.Path(path_type=Path)


@click.command("compare-ecg")
@click.argument("reference", metavar="REFERENCE", type=_PATH)
@click.argument("follow_up", metavar="FOLLOWUP", type=_PATH)
@click.option(
    "--reference-pacing",
    type=click.Choice(["as-programmed", "biventricular", "rv-only", "lv-only", "intrinsic"]),
    default="as-programmed",
    show_default=True,
    help="What was stimulated when REFERENCE was recorded.",
)
@click.option("--intrinsic", metavar="FILE", type=_PATH, help="A further reference: the patient's own conduction.")
@click.option("--rv-only", metavar="FILE", type=_PATH, help="A further reference: right ventricle paced alone.")
@click.option("--lv-only", metavar="FILE", type=_PATH, help="A further reference: left ventricle paced alone.")
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--picture",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the overlaid beats.",
)
def command(
    reference: Path,
    follow_up: Path,
    reference_pacing: str,
    intrinsic: Path | None,
    rv_only: Path | None,
    lv_only: Path | None,
    uv_per_count: float | None,
    sampling_rate: float | None,
    as_json: bool,
    picture: Path | None,
) -> None:
    """Compare the ECG FOLLOWUP with the ECG REFERENCE of the same patient.

    More references (intrinsic, RV only, LV only) make the verdict much surer.
    """
    from resynchro.ecg.comparison import compare_ecg
    from resynchro.ecg.template import template_from_measurement

    first = "reference" if reference_pacing == "as-programmed" else reference_pacing
    given: list[tuple[Any, Path]] = [(first, reference)]
    given += [
        (label, file)
        for label, file in (("intrinsic", intrinsic), ("rv-only", rv_only), ("lv-only", lv_only))
        if file is not None
    ]
    if len({label for label, _ in given}) < len(given):
        raise click.UsageError(f"two references are called {first}: give each kind once")
    options = {"uv_per_count": uv_per_count, "sampling_rate_hz": sampling_rate}
    templates: dict[TemplateLabel, EcgTemplate] = {
        label: template_from_measurement(_measure(file, options), label=label) for label, file in given
    }
    follow_up_template = template_from_measurement(_measure(follow_up, options))
    comparison = compare_ecg(follow_up_template, templates)
    if picture is not None:
        from resynchro.formats.output_file import write_file
        from resynchro.pictures.comparison import comparison_figure
        from resynchro.pictures.figure_files import png_bytes, svg_text

        figure = comparison_figure(comparison, templates[comparison.baseline], follow_up_template)
        write_file(picture / "comparison.svg", svg_text(figure, title="Follow-up over reference ECG"))
        write_file(picture / "comparison.png", png_bytes(figure))
    if as_json:
        from resynchro.record.plain import plain

        document = {
            "follow_up": str(follow_up),
            "references": [{"label": label, "file": str(file)} for label, file in given],
        }
        print(json.dumps(document | plain(comparison), allow_nan=False, ensure_ascii=False))
    else:
        _print_comparison(comparison, follow_up)


def _measure(file: Path, options: dict[str, float | None]) -> Any:
    from resynchro.ecg.measurement import measure_ecg
    from resynchro.formats.ecg_file import read_ecg

    return measure_ecg(
        read_ecg(file, uv_per_count=options["uv_per_count"], sampling_rate_hz=options["sampling_rate_hz"])
    )


def _print_comparison(comparison: EcgComparison, follow_up: Path) -> None:
    print(f"{follow_up}: {comparison.verdict}")
    for reason in comparison.reasons:
        print(f"  {reason}")
    print(f"Changes against the {comparison.baseline} reference (measurement alone explains the number in brackets):")
    for change in comparison.changes:
        value = "–" if change.change is None else f"{change.change:+.0f} {change.unit}"
        mark = " *" if change.is_beyond_noise else ""
        print(f"  {change.name}: {value} ({change.noise:.0f} {change.unit}){mark}")
    if comparison.electrode_displacement_possible:
        print("Limb leads are unchanged, chest leads are not: displaced chest electrodes are possible; record again.")
    print("Research use, not a medical device.")
