"""Rhythms and pacing on the template heart against what is known of people; superposition and convergence.

Run: python validation/electrics/physiology.py [--edge 2] [--skip-fine]
Prints the tables of validation/electrics/physiology.md. Needs no data.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.electrics.conduction import conduction
from resynchro.electrics.electrical_heart import ElectricalHeart, NetworkState, electrical_heart, source_of
from resynchro.electrics.programme import Programme, Stimulus
from resynchro.electrics.simulated_ecg import SimulatedQrs
from resynchro.electrics.simulation import Simulation, measured, qlv_ms, simulate
from resynchro.electrics.sites import sites
from resynchro.electrics.travel_times import solve
from resynchro.heart.template import template_heart
from resynchro.heart.vein_stations import with_veins
from resynchro.record.ecg import LEADS

#: LBBB with a blocked distal network and no conduction: the medium of fully paced beats.
_BLOCKED = replace(conduction("lbbb"), roots=())


def _paced(*names: str, vv_ms: float = 0.0, **more: object) -> Programme:
    return Programme(conduction=_BLOCKED, stimuli=tuple(Stimulus(site=name) for name in names), vv_ms=vv_ms, **more)  # type: ignore[arg-type]


BEATS = {
    "normal": Programme(conduction=conduction("normal")),
    "LBBB": Programme(conduction=conduction("lbbb")),
    "LBBB, distal intact": Programme(conduction=conduction("lbbb-distal-intact")),
    "RBBB": Programme(conduction=conduction("rbbb")),
    "RBBB, distal intact": Programme(conduction=conduction("rbbb-distal-intact")),
    "nonspecific": Programme(conduction=conduction("nonspecific")),
    "RV apex": _paced("rv:apex"),
    "RV apex, networks intact": Programme(conduction=conduction("av-block"), stimuli=(Stimulus(site="rv:apex"),)),
    "RV septum": _paced("rv:septum"),
    "RV outflow": _paced("rv:outflow"),
    "LV lateral": _paced("lv:lateral-mid"),
    "BiV, VV 0": _paced("rv:apex", "lv:lateral-mid"),
    "BiV, VV -20": _paced("rv:apex", "lv:lateral-mid", vv_ms=-20.0),
    "BiV, VV -40": _paced("rv:apex", "lv:lateral-mid", vv_ms=-40.0),
    "left bundle, both networks": _paced("lbb"),
    "left bundle, selective": replace(_paced("lbb"), stimuli=(Stimulus(site="lbb", capture="selective"),)),
    "left septum": _paced("lv:septal-left"),
    "His, non-selective": _paced("his"),
}


def _net(qrs: SimulatedQrs, simulation: Simulation, lead: str) -> float:
    """Net area of a lead [uVs]."""
    return float(simulation.qrs_mv[LEADS.index(lead)].sum())


def _positive_negative(waves: LeadWaves) -> tuple[float, float]:
    up = max((wave.amplitude_mv for wave in waves.waves), default=0.0)
    down = max((-wave.amplitude_mv for wave in waves.waves), default=0.0)
    return max(up, 0.0), max(down, 0.0)


def rhythm_table(electrical: ElectricalHeart) -> dict[str, tuple[Simulation, SimulatedQrs]]:
    """Print activation and ECG of every beat."""
    mesh, in_rv = electrical.heart.mesh, electrical.heart.coordinates.rv
    outer, inner = np.unique(mesh.epicardium), np.unique(mesh.lv_endocardium)
    rv_outer = outer[in_rv[outer]]
    print(
        "| beat | TAT | LV endo | RV epi | LV 95 % | LV SD | VV | VEU | QRS | axis | area | judged |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    found = {}
    for name, programme in BEATS.items():
        beat = simulate(electrical, programme)
        qrs = measured(electrical, beat, sex="male")
        found[name] = beat, qrs
        i, times = beat.indices, beat.times_ms
        print(
            f"| {name} | {i.total_ms:.0f} | {times[inner].max() - i.first_ms:.0f} | {np.ptp(times[rv_outer]):.0f} "
            f"| {i.lv95_ms:.0f} | {i.lv_dispersion_ms:.0f} | {i.vv_ms:.0f} | {i.epicardial_vv_ms:.0f} "
            f"| {qrs.qrs_ms:.0f} | {0.0 if qrs.axis_deg is None else qrs.axis_deg:.0f} | {qrs.area_uvs:.0f} "
            f"| {qrs.morphology} |"
        )
    return found


def shape_table(found: dict[str, tuple[Simulation, SimulatedQrs]]) -> None:
    """Print the waves of every lead."""
    print("| beat | " + " | ".join(LEADS) + " |\n|---" * 1 + "|---" * 12 + "|")
    for name, (_, qrs) in found.items():
        print(f"| {name} | " + " | ".join(waves.label for waves in qrs.waves) + " |")


def rules(found: dict[str, tuple[Simulation, SimulatedQrs]]) -> None:
    """Print each rule with what was found."""

    def net(name: str, lead: str) -> float:
        return _net(found[name][1], found[name][0], lead)

    def ratio(name: str, lead: str) -> float:
        up, down = _positive_negative(found[name][1].waves[LEADS.index(lead)])
        return up / down if down > 0.0 else float("inf")

    def axis(name: str) -> float:
        value = found[name][1].axis_deg
        return float("nan") if value is None else value

    def total(name: str) -> float:
        return found[name][0].indices.total_ms

    def width(name: str) -> float:
        return found[name][1].qrs_ms

    def vv(name: str) -> float:
        return found[name][0].indices.epicardial_vv_ms

    def lead_i(name: str) -> str:
        return found[name][1].waves[0].label

    def has_q(name: str) -> bool:
        return lead_i(name).lower().startswith("q") or net(name, "I") < 0

    strauss = found["LBBB"][1].conduction.definition("lbbb_strauss_2011")
    progression = [ratio("normal", f"V{k}") for k in range(1, 7)]
    last_v1 = found["left bundle, both networks"][1].waves[LEADS.index("V1")].label.lower()
    checks = (
        ("normal TAT 60-85 ms", total("normal"), 60 <= total("normal") <= 85),
        ("normal axis -30 to 90", axis("normal"), -30 <= axis("normal") <= 90),
        ("normal: I, II, V5, V6 net positive", min(net("normal", k) for k in ("I", "II", "V5", "V6")), None),
        ("normal V1 rS (R/S < 1)", progression[0], progression[0] < 1),
        ("normal R/S grows V1 to V4", progression[3], bool(np.all(np.diff(progression[:4]) > 0))),
        ("LBBB TAT 130-180 ms", total("LBBB"), 130 <= total("LBBB") <= 180),
        ("LBBB headline is lbbb", found["LBBB"][1].morphology, found["LBBB"][1].morphology == "lbbb"),
        (
            "LBBB by Strauss 2011 (man)",
            "none" if strauss is None else strauss.best_estimate,
            strauss is not None and strauss.best_estimate == "met",
        ),
        (
            "RBBB, distal intact: headline is rbbb",
            found["RBBB, distal intact"][1].morphology,
            found["RBBB, distal intact"][1].morphology == "rbbb",
        ),
        ("RBBB, distal blocked: headline is rbbb", found["RBBB"][1].morphology, found["RBBB"][1].morphology == "rbbb"),
        (
            "RV apex: II, III, aVF net negative",
            max(net("RV apex", k) for k in ("II", "III", "aVF")),
            None,
        ),
        ("RV apex: axis above -30", axis("RV apex"), -180 < axis("RV apex") < -30),
        ("RV apex: V1 R/S < 1", ratio("RV apex", "V1"), ratio("RV apex", "V1") < 1),
        ("RV outflow: II, aVF net positive", min(net("RV outflow", k) for k in ("II", "aVF")), None),
        ("RV outflow: axis below RV apex by 60 degrees", axis("RV outflow") - axis("RV apex"), None),
        ("LV: V1 R/S >= 1 (Ammann)", ratio("LV lateral", "V1"), ratio("LV lateral", "V1") >= 1),
        ("LV: I net negative", net("LV lateral", "I"), net("LV lateral", "I") < 0),
        ("BiV VV 0: Q or net negative in I", lead_i("BiV, VV 0"), has_q("BiV, VV 0")),
        ("BiV VV -20: Q or net negative in I", lead_i("BiV, VV -20"), has_q("BiV, VV -20")),
        ("BiV VV -40: Q or net negative in I", lead_i("BiV, VV -40"), has_q("BiV, VV -40")),
        ("BiV VV 0: capture by Ammann (V1 R/S >= 1 or I R/S <= 1)", ratio("BiV, VV 0", "I"), None),
        ("BiV VV -20: capture by Ammann", ratio("BiV, VV -20", "I"), None),
        ("BiV VV -40: capture by Ammann", ratio("BiV, VV -40", "I"), None),
        ("BiV narrower than LBBB", width("BiV, VV 0") - width("LBBB"), width("BiV, VV 0") < width("LBBB")),
        ("left bundle narrower than LBBB", width("left bundle, both networks") - width("LBBB"), None),
        ("left bundle: r' in V1", last_v1, "r'" in last_v1),
        (
            "order of TAT: normal < BiV < LBBB < RV apex < LV",
            "",
            total("normal") < total("BiV, VV 0") < total("LBBB") < total("RV apex") < total("LV lateral"),
        ),
        (
            "VEU: LBBB > LBBB distal > RV apex > BiV > 0 > left bundle > LV",
            "",
            vv("LBBB")
            > vv("LBBB, distal intact")
            > vv("RV apex")
            > vv("BiV, VV 0")
            > 0
            > vv("left bundle, both networks")
            > vv("LV lateral"),
        ),
    )
    print("| rule | found | met |\n|---|---|---|")
    for text, value, met in checks:
        if met is None:
            met = _decide(text, float(value), ratio)
        shown = value if isinstance(value, str) else f"{value:.2f}"
        print(f"| {text} | {shown} | {'yes' if met else 'NO'} |")


def _decide(text: str, value: float, ratio: object) -> bool:
    if "net negative" in text:
        return value < 0
    if "net positive" in text:
        return value > 0
    if "by 60" in text:
        return value >= 60
    if "narrower" in text:
        return value < 0
    if "grows" in text:
        return value > 1
    beat = text.split(":")[0].replace("BiV VV", "BiV, VV")
    return value <= 1 or ratio(beat, "V1") >= 1  # type: ignore[operator]


def published(electrical: ElectricalHeart, found: dict[str, tuple[Simulation, SimulatedQrs]]) -> None:
    """Print what patients show beside the model."""
    in_rv = electrical.heart.coordinates.rv
    outer = np.unique(electrical.heart.mesh.epicardium)
    rv_outer = outer[in_rv[outer]]

    def rv_epi(name: str) -> float:
        return float(np.ptp(found[name][0].times_ms[rv_outer]))

    lbbb, apex = found["LBBB"][0], found["RV apex"][0]
    lateral = [
        f"lv:{wall}-{level}" for wall in ("lateral", "inferolateral", "anterolateral") for level in ("basal", "mid")
    ]
    qlv = [value for value in (qlv_ms(electrical, lbbb, site) for site in lateral) if value is not None]
    rows = (
        ("RV activation, LBBB (calibrated)", "46 ± 21", f"{rv_epi('LBBB'):.0f}"),
        ("RV activation, RV apex (calibrated)", "69 ± 17", f"{rv_epi('RV apex'):.0f}"),
        ("VEU, LBBB", "73 ± 12", f"{lbbb.indices.epicardial_vv_ms:.0f}"),
        ("VEU, RV apex", "38 ± 21", f"{apex.indices.epicardial_vv_ms:.0f}"),
        ("LV SD, LBBB", "27.6 ± 6.9", f"{lbbb.indices.lv_dispersion_ms:.1f}"),
        ("LV SD, RV pacing", "33.4 ± 5.9", f"{apex.indices.lv_dispersion_ms:.1f}"),
        ("LV activation, LBBB", "87 ± 21", f"{lbbb.indices.lv_ms:.0f} (95 %: {lbbb.indices.lv95_ms:.0f})"),
        ("LV activation, RV pacing", "103 ± 20", f"{apex.indices.lv_ms:.0f} (95 %: {apex.indices.lv95_ms:.0f})"),
        ("QLV, lateral sites, LBBB", "median 95 (70-120)", f"{np.median(qlv):.0f} ({min(qlv):.0f}-{max(qlv):.0f})"),
        ("QRS, LBBB", "157 ± 18", f"{found['LBBB'][1].qrs_ms:.0f}"),
        ("QRS, left bundle pacing", "127 ± 20", f"{found['left bundle, both networks'][1].qrs_ms:.0f}"),
    )
    print("| quantity [ms] | patients | model |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def convergence(edges_mm: tuple[float, ...]) -> None:
    """Print activation and ECG of three beats at several edge lengths against the finest."""
    hearts = {edge: electrical_heart(template_heart(edge_mm=edge)) for edge in edges_mm}
    finest = edges_mm[-1]
    print("| beat | edge mm | TAT | against finest | smallest r | mean r | QRS |\n|---|---|---|---|---|---|---|")
    for name in ("normal", "LBBB", "LBBB, distal intact", "RV apex", "LV lateral", "BiV, VV -20"):
        fine = simulate(hearts[finest], BEATS[name])
        for edge in edges_mm:
            beat = simulate(hearts[edge], BEATS[name])
            low = min(beat.qrs_start_ms, fine.qrs_start_ms)
            size = int(max(beat.sample_ms[-1], fine.sample_ms[-1]) - low) + 1
            both = []
            for one in (beat, fine):
                row = np.zeros((12, size))
                first = int(one.qrs_start_ms - low)
                row[:, first : first + one.qrs_mv.shape[1]] = one.qrs_mv
                both.append(row)
            r = [float(np.corrcoef(both[0][k], both[1][k])[0, 1]) for k in range(12)]
            change = beat.indices.total_ms / fine.indices.total_ms - 1.0
            print(
                f"| {name} | {edge:g} | {beat.indices.total_ms:.1f} | {100 * change:+.1f} % | {min(r):.4f} "
                f"({LEADS[int(np.argmin(r))]}) | {np.mean(r):.4f} | {beat.qrs_ms:.0f} |"
            )


def superposition(electrical: ElectricalHeart, configurations: int = 200) -> None:
    """Print superposed against direct solutions for random multi-site beats."""
    rng = np.random.default_rng(0)
    named = [site for site in sites(electrical.heart) if site.exclusion is None]
    roots = [electrical.root_source(root) for root in conduction("normal").roots]
    n = electrical.node_count
    differences, segments = [], []
    for _ in range(configurations):
        state = NetworkState(lv_layer=bool(rng.integers(2)), rv_layer=bool(rng.integers(2)))
        chosen = {source_of(named[k]) for k in rng.choice(len(named), rng.integers(2, 5), replace=False)}
        chosen |= {roots[k] for k in rng.choice(len(roots), rng.integers(0, 3), replace=False)}
        used = sorted(chosen, key=str)
        delays = np.round(rng.uniform(0.0, 60.0, len(used)), 1)
        fields, rows = electrical.rows(state, used)
        superposed = (fields[rows] + delays[:, None]).min(axis=0)[:n]
        balls = [(electrical.ball(state, source), float(delay)) for source, delay in zip(used, delays, strict=True)]
        direct = solve(electrical.medium(state), balls).times_ms[:n]
        differences.append(np.abs(superposed - direct))
        from resynchro.electrics.activation_indices import segment_activation

        means = [
            segment_activation(times, electrical.activation)[0].mean_ms for times in (superposed.astype(float), direct)
        ]
        segments.append(np.abs(means[0] - means[1]))
    every = np.concatenate(differences)
    print(
        f"{configurations} configurations of 2 to 6 sources: mean {every.mean():.4f} ms, 99th percentile "
        f"{np.percentile(every, 99):.3f} ms, largest {every.max():.2f} ms; segment means: largest "
        f"{np.max(segments):.3f} ms"
    )


def speed(electrical: ElectricalHeart) -> None:
    """Print the time of a configuration with all fields solved."""
    rng = np.random.default_rng(1)
    programmes = [
        replace(BEATS["BiV, VV 0"], vv_ms=float(rng.integers(-60, 60)), av_ms=float(rng.integers(60, 200)))
        for _ in range(100)
    ]
    simulate(electrical, programmes[0])
    start = time.process_time()
    for programme in programmes:
        simulate(electrical, programme)
    print(f"{10.0 * (time.process_time() - start):.2f} ms a configuration at {electrical.node_count} nodes")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=float, default=2.0)
    parser.add_argument("--skip-fine", action="store_true", help="leave out the mesh of 1.2 mm")
    given = parser.parse_args()
    for preset in ("normal", "dilated"):
        for conductor in ("torso", "unbounded"):
            electrical = electrical_heart(
                with_veins(template_heart(preset, edge_mm=given.edge)),  # type: ignore[arg-type]
                conductor=conductor,  # type: ignore[arg-type]
            )
            print(f"\n## {preset} heart, {conductor}, {given.edge:g} mm\n")
            found = rhythm_table(electrical)
            if conductor == "torso":
                print()
                shape_table(found)
            print()
            rules(found)
            if conductor == "torso":
                print()
                published(electrical, found)
            if (preset, conductor) == ("normal", "torso"):
                print()
                superposition(electrical)
                speed(electrical)
    print("\n## Convergence\n")
    convergence((3.0, 2.0) if given.skip_fine else (3.0, 2.0, 1.2))


if __name__ == "__main__":
    main()
