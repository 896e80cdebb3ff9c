"""``resynchro twin``: fit the electrical twin to an ECG."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from resynchro.cli.measuring import print_notes, shown, table_console

if TYPE_CHECKING:
    from resynchro.electrics.twin import TwinFit

_RHYTHMS = ("normal", "lbbb", "rbbb", "rv_paced", "biventricular")


@click.command("twin")
@click.argument("given", metavar="CASE|ECG_FILE", type=click.Path(path_type=Path))
@click.option("--conduction", type=click.Choice(_RHYTHMS), help="Kind of beat. Default: what the ECG itself shows.")
@click.option("--edge", "edge_mm", type=click.FloatRange(1.5, 4.0), default=3.5, show_default=True,
              help="Edge length of the mesh [mm].")  # fmt: skip
@click.option("--members", type=click.IntRange(8, 2000), default=60, show_default=True, help="Twins in the ensemble.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw.")
@click.option("--sex", type=click.Choice(["female", "male"]), help="For the body, where the file does not say it.")
@click.option("--height", "height_cm", type=float, metavar="CM", help="Body height.")
@click.option("--weight", "weight_kg", type=float, metavar="KG", help="Body weight.")
@click.option(
    "--uv-per-count", type=float, metavar="UV", help="Microvolts per count, for an ECG file whose gain is wrong."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--picture", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Write activation, its spread, QRS and posterior as SVG and PNG into DIR.")  # fmt: skip
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Write the activated heart as VTU and VTP into DIR.")  # fmt: skip
def command(
    given: Path,
    conduction: Any,
    as_json: bool,
    picture: Path | None,
    out: Path | None,
    **options: Any,
) -> None:
    """Fit hearts to the QRS of an ECG and say what they have in common.

    CASE is a case folder: its heart, scar, leads and baseline ECG are used. For a bare ECG_FILE the heart is the
    template in two sizes. A fit that is not good enough says so.
    """
    from resynchro.cli.fitting import fitted_twin
    from resynchro.electrics.twin_summary import twin_summary

    twin, measurement = fitted_twin(given, conduction, options)

    summary = {"source": str(given), "ecg": measurement.record.source.file} | twin_summary(twin)
    summary["written"] = [] if out is None else [str(path) for path in _written(twin, out, given.stem)]
    if picture is not None:
        _write_pictures(twin, summary, picture, given)
    if as_json:
        print(json.dumps(summary, allow_nan=False, ensure_ascii=False))
    else:
        _print(summary)


def _print(summary: Mapping[str, Any]) -> None:
    """Print the verdict, agreement, derived numbers and what the ECG tells."""
    from rich.table import Table

    from resynchro.electrics.fit_rhythm import rhythm_words

    console = table_console()
    console.print(
        f"{summary['verdict'].upper()} fit: {summary['reason']} ({rhythm_words(summary['rhythm'])})",
        markup=False,
        highlight=False,
        style="bold" if summary["verdict"] == "good" else "bold red",
    )
    leads = Table(title="Agreement over the QRS")
    for heading in ("", *summary["leads"]):
        leads.add_column(heading, justify="right")
    leads.add_row("r", *(shown(lead["correlation"], ".2f") for lead in summary["leads"].values()))
    leads.add_row("mV", *(shown(lead["rms_error_mv"], ".2f") for lead in summary["leads"].values()))
    console.print(leads)
    console.print(_activation_table(summary))
    console.print(_parameter_table(summary))
    if summary["verdict"] == "poor":
        print_notes(console, ["do not plan on this twin: its activation is not that of the patient"])
    likely = [h for h in summary["hypotheses"] if h["probability"] >= 0.02]
    print_notes(console, [f"{h['name']}: probability {h['probability']:.2f}" for h in likely])
    print_notes(console, (finding["message"] for finding in summary["findings"]))
    print_notes(console, [summary["note"], *(f"written: {path}" for path in summary["written"])])


def _activation_table(summary: Mapping[str, Any]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    words = {
        "total_ms": "total activation",
        "lv_ms": "LV activation",
        "rv_ms": "RV activation",
        "lv95_ms": "95 % of the LV active after",
        "lv_dispersion_ms": "dispersion of LV activation (SD)",
        "vv_ms": "LV-RV delay (means of the muscle)",
        "epicardial_vv_ms": "LV-RV delay (means of the epicardium)",
    }
    table = Table(title=escape("Activation [ms]"))
    for heading in ("", "median", "90 % interval"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = [(words[name], value) for name, value in summary["activation"].items()]
    rows += [(f"segment {s['segment']} {s['name']}" if s["segment"] else s["name"], s["mean_ms"])
             for s in summary["segments"]]  # fmt: skip
    for name, value in rows:
        if value is None:
            table.add_row(name, "–", "not activated")
        else:
            table.add_row(name, shown(value["median"]), f"{value['low']:.0f} to {value['high']:.0f}")
    return table


def _parameter_table(summary: Mapping[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title="Parameters", caption="width: of the posterior over that of the prior")
    for heading in ("parameter", "prior", "median", "90 % interval", "width", "identified"):
        table.add_column(heading, justify="left" if heading in ("parameter", "identified") else "right")
    for p in summary["parameters"]:
        table.add_row(
            p["name"],
            f"{p['prior_low']:.3g} to {p['prior_high']:.3g}",
            f"{p['median']:.3g}",
            f"{p['low']:.3g} to {p['high']:.3g}",
            f"{p['narrowed']:.2f}",
            p["identifiable"],
        )
    return table


def _written(twin: TwinFit, folder: Path, stem: str) -> tuple[Path, ...]:
    """Write the heart with mean, spread and best activation."""
    from resynchro.cli.activation_files import write_activation

    times = {
        "activation_ms": twin.mean_ms,
        "activation_sd_ms": twin.sd_ms,
        "activation_of_best_ms": twin.best_times_ms,
    }
    return write_activation(twin.heart, times, folder, f"{stem}_twin")


def _write_pictures(twin: TwinFit, summary: Mapping[str, Any], folder: Path, given: Path) -> None:
    """Draw activation with its spread, bullseye, QRS and posterior."""
    import numpy as np

    from resynchro.electrics.body_surface_ecg import twelve_leads_mv
    from resynchro.pictures.activation_bullseye import activation_bullseye_figure
    from resynchro.pictures.activation_heart import activation_heart_figure
    from resynchro.pictures.bullseye import BullseyeScale
    from resynchro.pictures.figure_files import write_figures
    from resynchro.pictures.marked_site import MarkedSite
    from resynchro.pictures.posterior import posterior_figure
    from resynchro.pictures.twin_qrs import twin_qrs_figure

    title = f"Twin of {given.name}"
    caption = f"{summary['verdict'].capitalize()} fit: {summary['reason']}."
    first = float(twin.mean_ms[np.isfinite(twin.mean_ms)].min())
    sites = [
        MarkedSite(name=root.name.replace("_", " "), point_mm=twin.model.place(k, twin.best_scores).position_mm,
                   kind="breakthrough" if root.in_layer else "pacing")
        for k, root in enumerate(twin.model.hypothesis.roots)
    ]  # fmt: skip
    spread = BullseyeScale(label="standard deviation [ms]", low=0.0, high=20.0, low_word="sure", high_word="open")
    means = {s["segment"]: first + s["mean_ms"]["median"] for s in summary["segments"]
             if s["segment"] and s["mean_ms"] is not None}  # fmt: skip
    totals = [(words, f"{summary['activation'][name]['median']:.0f} ms") for words, name in (
        ("total activation", "total_ms"), ("left ventricle", "lv_ms"), ("LV 95 %", "lv95_ms"), ("LV-RV delay", "vv_ms")
    )]  # fmt: skip
    band = np.quantile(twelve_leads_mv(twin.member_mv.astype(np.float64)), [0.05, 0.95], axis=0)
    heart = twin.heart
    figures = [
        ("heart", title, activation_heart_figure(heart, twin.mean_ms, title=f"{title}: mean activation",
                                                 caption=caption, sites=sites)),
        ("spread", title, activation_heart_figure(heart, twin.sd_ms, title=f"{title}: what the ECG leaves open",
                                                  caption="Standard deviation of activation over the ensemble.",
                                                  scale=spread, step_ms=2.0, zero_ms=0.0, veins=False)),
        ("bullseye", title, activation_bullseye_figure(heart, twin.mean_ms, means, totals=totals, title=title,
                                                       caption=caption, sites=sites)),
        ("qrs", title, twin_qrs_figure(
            twin.measured.times_ms, twelve_leads_mv(twin.best_mv), twelve_leads_mv(twin.measured.signal_mv),
            qrs_ms=(0.0, twin.measured.qrs_ms), band_mv=(band[0], band[1]),
            title=title,
            caption=f"{summary['verdict'].capitalize()} fit.", measured_words="measured, ST level taken out")),
        ("posterior", title, posterior_figure(_drawn(twin), title=f"{title}: what the ECG tells", caption=caption)),
    ]  # fmt: skip
    write_figures(figures, folder, stem=given.stem, sha256="", otherwise="twin")


def _drawn(twin: TwinFit) -> list[Any]:
    """Return prior and posterior of what conducts and starts; places, pose and electrodes stay in the JSON."""
    import numpy as np
    from scipy.special import ndtri

    from resynchro.pictures.posterior import DrawnPosterior

    shown_kinds = ("v_fibre", "v_transverse", "septal_velocity", "v_lv_layer", "v_rv_layer", "onset", "lv_delay",
                   "release", "heart_size")  # fmt: skip
    # Quantiles of the standard normal: the prior without drawing anything.
    prior = ndtri((np.arange(200) + 0.5) / 200.0)
    return [
        DrawnPosterior(
            name=fitted.name.removesuffix("_m_per_s").removesuffix("_ms").replace("_", " "),
            unit=parameter.unit,
            samples=parameter.value(twin.members[:, k]),
            prior=parameter.value(prior),
            identifiable=fitted.identifiable != "no",
        )
        for k, (parameter, fitted) in enumerate(zip(twin.model.parameters, twin.parameters, strict=True))
        if parameter.acts in shown_kinds
    ]
