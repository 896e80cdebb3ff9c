"""``resynchro simulate``: activation and ECG of a heart under any conduction and any pacing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from resynchro.cli.measuring import print_notes, shown, table_console
from resynchro.errors import InputError

if TYPE_CHECKING:
    from resynchro.electrics.electrical_heart import ElectricalHeart
    from resynchro.electrics.programme import Programme, Stimulus
    from resynchro.electrics.simulation import Simulation
    from resynchro.electrics.twin import TwinFit
    from resynchro.heart.heart import Heart

_RHYTHMS = ("normal", "lbbb", "lbbb-distal-intact", "rbbb", "rbbb-distal-intact", "nonspecific", "av-block")


@click.command("simulate")
@click.argument("case", required=False, metavar="[CASE]", type=click.Path(path_type=Path))
@click.option(
    "--pace",
    "paced",
    multiple=True,
    metavar="SITE[@MS]",
    help="Pacing site, as often as wanted; @10 delays it by 10 ms against its channel. See --list-sites.",
)
@click.option(
    "--conduction", type=click.Choice(_RHYTHMS), help="Intrinsic rhythm. Default: lbbb; with --twin the fitted one."
)
@click.option("--twin", "fitted", is_flag=True, help="Fit the twin of CASE first and simulate on its ensemble.")
@click.option("--pr", "pr_ms", type=float, default=185.0, show_default=True, help="Intrinsic PR interval [ms].")
@click.option(
    "--av", "av_ms", type=float, default=120.0, show_default=True, help="AV delay to the first stimulus [ms]."
)
@click.option("--vv", "vv_ms", type=float, default=0.0, show_default=True, help="LV minus RV; negative: LV first [ms].")
@click.option("--atrial-paced", is_flag=True, help="The AV delay counts from an atrial stimulus.")
@click.option("--trigger", "trigger_ms", type=float, metavar="MS", help="RV sensing triggers pacing after MS.")
@click.option(
    "--capture",
    type=click.Choice(["selective", "non-selective"]),
    help="What his and lbb capture. Default: non-selective.",
)
@click.option("--preset", type=click.Choice(["normal", "dilated"]), help="Template heart; only without CASE.")
@click.option("--edge", "edge_mm", type=float, help="Edge length of the mesh [mm]. Default: 2; with --twin 3.5.")
@click.option(
    "--conductor",
    type=click.Choice(["torso", "unbounded"]),
    default="torso",
    show_default=True,
    help="Body around the heart for the ECG.",
)
@click.option("--sex", type=click.Choice(["female", "male"]), help="For Strauss's definition of LBBB.")
@click.option(
    "--electrodes",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Given positions (CSV: name,x_mm,y_mm,z_mm); default: standard places on a template torso.",
)
@click.option("--list-sites", is_flag=True, help="List every named site of the heart and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--picture",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write activation on the heart, bullseye and QRS as SVG and PNG into DIR.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the activated heart as VTU and VTP into DIR.",
)
def command(
    case: Path | None,
    paced: tuple[str, ...],
    preset: str | None,
    edge_mm: float | None,
    conductor: Any,
    sex: Any,
    electrodes: Path | None,
    fitted: bool,
    conduction: Any,
    list_sites: bool,
    as_json: bool,
    picture: Path | None,
    out: Path | None,
    **given: Any,
) -> None:
    """Simulate one heart beat: activation, 12-lead QRS and derived numbers.

    On the heart of the case folder CASE, or without one on the template heart. Without --pace the beat is intrinsic.
    """
    if fitted:
        _refuse_with_twin(case, conduction, electrodes, list_sites)
    else:
        heart, body = _heart(case, preset, 2.0 if edge_mm is None else edge_mm)
    if list_sites:
        _print_sites(heart, as_json)
        return
    programme = _programme(paced, conduction=conduction or "lbbb", **given)
    from resynchro.electrics.simulation import measured, simulate
    from resynchro.electrics.simulation_summary import simulation_summary

    twin = None
    if fitted:
        twin, electrical, programme = _on_twin(case, programme, edge_mm, sex)
        heart, body = twin.heart, {"sex": sex}
    else:
        body = body | ({} if sex is None else {"sex": sex})
        electrical = _electrical(heart, body, conductor, electrodes)
    simulation = simulate(electrical, programme)
    baseline = _intrinsic(electrical, programme)
    summary = simulation_summary(
        electrical, simulation, measured(electrical, simulation, sex=body.get("sex")), baseline=baseline
    ) | {"case": None if case is None else str(case), "twin": None if twin is None else _ensemble(twin, programme)}
    summary["written"] = []
    if out is not None:
        from resynchro.cli.activation_files import write_activation

        times = {"activation_ms": simulation.times_ms - float(simulation.times_ms.min())}
        summary["written"] = [str(path) for path in write_activation(heart, times, out, _stem(summary, simulation))]
    if picture is not None:
        _write_pictures(electrical, simulation, summary, picture)
    if as_json:
        print(json.dumps(summary, allow_nan=False, ensure_ascii=False))
    else:
        _print(summary)


def _heart(case: Path | None, preset: str | None, edge_mm: float) -> tuple[Heart, dict[str, Any]]:
    """Return the heart of a case, or the template, and what is known of the body."""
    from resynchro.heart.template import template_heart
    from resynchro.heart.vein_stations import with_veins

    if case is None:
        return with_veins(template_heart("dilated" if preset == "dilated" else "normal", edge_mm=edge_mm)), {}
    if preset is not None:
        raise InputError("--preset is for the template heart: leave it out with a case, or leave out the case")
    from resynchro.formats.case_folder import read_case
    from resynchro.planning.case_heart import case_heart

    found = read_case(case)
    body = {name: getattr(found.patient, name) for name in ("sex", "height_cm", "weight_kg")}
    return case_heart(found, edge_mm=edge_mm), body


def _refuse_with_twin(case: Path | None, conduction: Any, electrodes: Path | None, list_sites: bool) -> None:
    """Refuse options that a fitted twin has its own answer to."""
    if case is None:
        raise InputError("--twin needs a CASE with an ECG to fit; without a case there is only the template")
    for name, given in (("--conduction", conduction), ("--electrodes", electrodes), ("--list-sites", list_sites)):
        if given:
            raise InputError(f"{name} and --twin exclude each other: the fit says it; leave one of them out")


def _on_twin(
    case: Path | None, programme: Programme, edge_mm: float | None, sex: Any
) -> tuple[TwinFit, ElectricalHeart, Programme]:
    """Fit the twin of the case; return it with its most probable heart and the programme on its conduction."""
    from dataclasses import replace

    from resynchro.cli.fitting import fitted_twin
    from resynchro.electrics.paced_twin import paced_twin

    options = {"edge_mm": 3.5 if edge_mm is None else edge_mm, "members": 60, "seed": 0, "sex": sex}
    options |= {"height_cm": None, "weight_kg": None, "uv_per_count": None}
    twin, _ = fitted_twin(Path(str(case)), None, options)
    electrical, own = paced_twin(twin)
    return twin, electrical, replace(programme, conduction=own)


def _ensemble(twin: TwinFit, programme: Programme) -> dict[str, Any]:
    """Simulate the programme on every member, and say how good the fit is."""
    from resynchro.electrics.paced_twin import simulated_members
    from resynchro.record.plain import plain

    _, estimates = simulated_members(twin, programme)
    return {
        "verdict": twin.quality.verdict,
        "reason": twin.quality.reason,
        "members": len(twin.members),
        "estimates": {name: plain(value) for name, value in estimates.items()},
    }


def _electrical(heart: Heart, body: dict[str, Any], conductor: Any, electrodes: Path | None) -> ElectricalHeart:
    """Put the heart into a torso of the patient's size, with the given electrodes or the standard ones."""
    from resynchro.electrics.electrical_heart import electrical_heart
    from resynchro.electrics.electrodes import ELECTRODES, Electrodes
    from resynchro.electrics.torso import heart_centre_mm, template_torso
    from resynchro.formats.electrode_file import read_electrode_positions

    placed = None
    if electrodes is not None:
        found = read_electrode_positions(electrodes)
        placed = Electrodes.from_mapping({name: tuple(found[name]) for name in ELECTRODES})
    torso = template_torso(heart_centre_mm(heart.mesh), **body)
    return electrical_heart(heart, conductor=conductor, torso=torso, electrodes=placed)


def _programme(
    paced: tuple[str, ...],
    *,
    conduction: Any,
    pr_ms: float,
    av_ms: float,
    vv_ms: float,
    atrial_paced: bool,
    trigger_ms: float | None,
    capture: Any,
) -> Programme:
    from resynchro.electrics.conduction import conduction as rhythm
    from resynchro.electrics.programme import Programme

    return Programme(
        conduction=rhythm(conduction),
        pr_ms=pr_ms,
        av_ms=av_ms,
        vv_ms=vv_ms,
        atrial="paced" if atrial_paced else "sensed",
        trigger_ms=trigger_ms,
        stimuli=tuple(_stimulus(text, capture) for text in paced),
    )


def _stimulus(text: str, capture: Any) -> Stimulus:
    from resynchro.electrics.programme import Stimulus

    match = re.fullmatch(r"\s*(?P<site>[^@]+?)\s*(?:@\s*(?P<ms>\d+(?:\.\d+)?)\s*)?", text)
    if match is None:
        raise InputError(f"--pace {text!r}: write SITE or SITE@MS, for example lv:lateral-mid or lv:lateral-apical@10")
    system = match["site"].lower() in ("his", "lbb")
    return Stimulus(site=match["site"], offset_ms=float(match["ms"] or 0.0), capture=capture if system else None)


def _intrinsic(electrical: ElectricalHeart, programme: Programme) -> Simulation | None:
    """Return the beat without pacing, None where nothing conducts."""
    from dataclasses import replace

    from resynchro.electrics.simulation import simulate

    if not programme.conduction.roots:
        return None
    return simulate(electrical, replace(programme, stimuli=()))


def _print_sites(heart: Heart, as_json: bool) -> None:
    from resynchro.electrics.sites import sites
    from resynchro.record.plain import plain

    found = sites(heart)
    if as_json:
        print(json.dumps([plain(each) for each in found], allow_nan=False, ensure_ascii=False))
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(caption="also xyz:X,Y,Z in mm (left, back, head)")
    for heading in ("site", "surface", "segment", "x, y, z [mm]", "remark"):
        table.add_column(escape(heading))
    for each in found:
        place = ", ".join(f"{value:.0f}" for value in each.position_mm)
        table.add_row(each.name, each.layer, str(each.segment or "RV"), place, each.exclusion or "")
    table_console().print(table)


def _print(summary: dict[str, Any]) -> None:
    """Print what was simulated, what the stimuli did, and the derived numbers."""
    from rich.table import Table

    console = table_console()
    activation, qrs = summary["activation"], summary["qrs"]
    programme = summary["programme"]
    sites = " + ".join(stimulus["site"] for stimulus in summary["stimuli"])
    delays = f", AV {programme['av_ms']:g} ms, VV {programme['vv_ms']:g} ms" if sites else ""
    beat = f"pacing {sites}" if sites else "intrinsic beat"
    heading = f"{summary['conduction']}, PR {programme['pr_ms']:g} ms: {beat}{delays}"
    console.print(heading, markup=False, highlight=False)
    table = Table(show_header=False, caption=summary["note"])
    table.add_column("what")
    table.add_column("value", justify="right")
    rows = (
        ("QRS, measured as a real ECG", f"{shown(qrs['qrs_ms'])} ms, {qrs['morphology']}"),
        ("QRS axis, QRS area", f"{shown(qrs['axis_deg'])}°, {shown(qrs['area_uvs'])} µVs"),
        ("total activation (LV, RV)", _times(activation, "total_ms", "lv_ms", "rv_ms")),
        ("95 % of the LV active after", f"{shown(activation['lv95_ms'])} ms"),
        ("dispersion of LV activation (SD)", f"{shown(activation['lv_dispersion_ms'])} ms"),
        ("mean LV − mean RV (epicardium)", _times(activation, "vv_ms", "epicardial_vv_ms")),
        ("muscle activated by conduction", f"{100 * summary['intrinsic_share']:.0f} %"),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if summary["twin"] is not None:
        console.print(_ensemble_table(summary["twin"]))
    if summary["stimuli"]:
        console.print(_stimulus_table(summary))
    console.print(_segment_table(summary))
    print_notes(console, (finding["message"] for finding in summary["findings"]))


def _times(values: dict[str, Any], whole: str, *parts: str) -> str:
    return f"{shown(values[whole])} ms ({', '.join(shown(values[part]) for part in parts)} ms)"


def _ensemble_table(twin: dict[str, Any]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=f"On the {twin['members']} twins of the fit ({twin['verdict']}: {twin['reason']})",
        caption="intervals hold what the ECG leaves open, not what is wrong with the model",
    )
    for heading in ("what", "median", "90 % interval"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    words = {
        "total_ms": "total activation [ms]",
        "lv_ms": "LV activation [ms]",
        "rv_ms": "RV activation [ms]",
        "lv95_ms": "95 % of the LV active after [ms]",
        "lv_dispersion_ms": "dispersion of LV activation (SD) [ms]",
        "vv_ms": "mean LV - mean RV [ms]",
        "qrs_ms": "QRS by the 3 % rule [ms]",
        "qrs_area_uvs": "QRS area [uVs]",
    }
    for name, value in twin["estimates"].items():
        interval = f"{shown(value['low'])} to {shown(value['high'])}"
        table.add_row(escape(words[name]), shown(value["median"]), interval)
    return table


def _stimulus_table(summary: dict[str, Any]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Stimuli")
    for heading in ("site", "segment", "given at [ms]", "QLV [ms]", "result"):
        table.add_column(escape(heading))
    for stimulus in summary["stimuli"]:
        table.add_row(
            stimulus["site"],
            str(stimulus["segment"] or "RV"),
            shown(stimulus["scheduled_ms"]) if stimulus["delivered"] else "–",
            shown(stimulus["qlv_ms"]),
            "captures" if stimulus["captured"] else stimulus["reason"],
        )
    return table


def _segment_table(summary: dict[str, Any]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape("Activation after the first [ms]"))
    scarred = any(each["activated_pct"] < 100.0 for each in summary["segments"])
    for heading in ("segment", "mean", "earliest", "spread (SD)", *(("activated [%]",) if scarred else ())):
        table.add_column(escape(heading), justify="left" if heading == "segment" else "right")
    for each in summary["segments"]:
        name = f"{each['segment']} {each['name']}" if each["segment"] else each["name"]
        cells = [shown(each[key]) for key in ("mean_ms", "earliest_ms", "spread_ms")]
        table.add_row(name, *cells, *((shown(each["activated_pct"]),) if scarred else ()))
    return table


def _write_pictures(electrical: ElectricalHeart, simulation: Simulation, summary: dict[str, Any], folder: Path) -> None:
    from resynchro.pictures.activation_bullseye import activation_bullseye_figure
    from resynchro.pictures.activation_heart import activation_heart_figure
    from resynchro.pictures.figure_files import write_figures
    from resynchro.pictures.marked_site import MarkedSite
    from resynchro.pictures.twin_qrs import twin_qrs_figure

    sites = tuple(
        MarkedSite(name=outcome.site, point_mm=electrical.site(outcome.site).position_mm, kind="pacing")
        for outcome in simulation.outcomes
        if outcome.delivered
    )
    words = " + ".join(outcome.site for outcome in simulation.outcomes) or "intrinsic"
    title = f"{summary['conduction']}, {words}"
    means = {
        n: float(simulation.segments.mean_ms[n]) for n in range(1, 18) if simulation.segments.reached_pct[n] > 50.0
    }
    activation, qrs = summary["activation"], summary["qrs"]
    totals = (
        ("total activation", f"{shown(activation['total_ms'])} ms"),
        ("left ventricle", f"{shown(activation['lv_ms'])} ms"),
        ("LV 95 %", f"{shown(activation['lv95_ms'])} ms"),
        ("QRS", f"{shown(qrs['qrs_ms'])} ms"),
    )
    heart, times = electrical.heart, simulation.times_ms
    caption = "Simulated. Research use, not a medical device."
    figures = [
        (
            "heart",
            f"Activation: {title}",
            activation_heart_figure(heart, times, title=f"Activation: {title}", sites=sites),
        ),
        (
            "bullseye",
            f"Activation: {title}",
            activation_bullseye_figure(heart, times, means, totals=totals, title=f"Activation: {title}", sites=sites),
        ),
        (
            "qrs",
            f"Simulated QRS: {title}",
            twin_qrs_figure(
                simulation.sample_ms - simulation.qrs_onset_ms,
                simulation.qrs_mv,
                title=f"Simulated QRS: {title}",
                caption=caption,
            ),
        ),
    ]
    write_figures(figures, folder, stem=_stem(summary, simulation), sha256="", otherwise="simulation")


def _stem(summary: dict[str, Any], simulation: Simulation) -> str:
    """Name files after rhythm and sites."""
    words = " ".join(outcome.site for outcome in simulation.outcomes) or "intrinsic"
    return re.sub(r"[^\w.-]+", "_", f"{summary['conduction']} {words}").strip("_")
