"""A fitted twin as a heart that can be paced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from resynchro.electrics.conduction import NORMAL_ROOTS, Conduction, Rhythm, Root, RootSurface, conduction
from resynchro.electrics.electrical_heart import ElectricalHeart, electrical_heart
from resynchro.electrics.electrical_parameters import ElectricalParameters
from resynchro.electrics.heart_of_fit import BORDER_ZONE_FACTOR, LAYER_FREE_BASE_MM
from resynchro.electrics.programme import Programme
from resynchro.electrics.simulation import Simulation, simulate
from resynchro.electrics.twin import Estimate, TwinFit, estimate
from resynchro.heart.mesh import FloatArray
from resynchro.heart.ventricular_place import depth_and_rotation

_SURFACES: Mapping[str, RootSurface] = {
    "lv_endocardium": "lv endocardium",
    "rv_septum": "rv septum",
    "rv_free_wall": "rv free wall",
}
#: The slowest network that `ElectricalParameters` knows: slower ones are muscle anyway [m/s].
_SLOWEST_LAYER = 0.3


def paced_twin(twin: TwinFit, scores: FloatArray | None = None) -> tuple[ElectricalHeart, Conduction]:
    """Return one twin as a heart for `simulate`, with its own intrinsic conduction.

    Parameters
    ----------
    twin
        From `resynchro.electrics.twin_fit.fit_twin`.
    scores
        Of one member (a row of `TwinFit.members`), shape (p,); None takes the most probable twin.

    Returns
    -------
    tuple
        The heart with the fitted velocities, leads and position, and the conduction with the fitted early sites. A
        twin of a paced beat knows no intrinsic conduction: its conduction is atrioventricular block.

    Notes
    -----
    As in the fit, the fast endocardium is entered and left without delay. A root starts at the nearest node of the
    network, in the fit between nodes: arrivals differ by about a millisecond.
    """
    model = twin.model
    scores = twin.best_scores if scores is None else scores
    size = model.value("heart_size", scores, default=1.0)
    parameters = ElectricalParameters(
        v_fibre_m_per_s=model.value("v_fibre", scores) / size,
        v_transverse_m_per_s=model.value("v_transverse", scores) / size,
        v_lv_layer_m_per_s=max(_SLOWEST_LAYER, model.value("v_lv_layer", scores) / size),
        v_rv_layer_m_per_s=max(_SLOWEST_LAYER, model.value("v_rv_layer", scores) / size),
        septal_velocity_factor=model.value("septal_velocity", scores, default=1.0),
        border_zone_factor=BORDER_ZONE_FACTOR,
        lv_junction_retrograde_ms=0.0,
        rv_junction_retrograde_ms=0.0,
        basal_gap_mm=LAYER_FREE_BASE_MM,
    )
    heart = electrical_heart(twin.heart, parameters=parameters, weights_mv=model.leads_mv(scores))
    return heart, _conduction(twin, scores)


def _conduction(twin: TwinFit, scores: FloatArray) -> Conduction:
    """Return the fitted early sites; the networks conduct at the fitted speed, blocked or not."""
    roots = []
    for number, prior in enumerate(twin.model.hypothesis.roots):
        if not prior.in_layer:
            continue
        position = twin.model.place(number, scores).position_mm
        depth, rotation_deg = depth_and_rotation(position[None], twin.heart.landmarks)
        roots.append(
            Root(
                name=prior.name,
                chamber=prior.ventricle,
                surface=_SURFACES[prior.surface],
                depth=float(depth[0]),
                rotation_deg=float(rotation_deg[0]),
                early_ms=twin.model.release_ms(number, scores),
            )
        )
    if not roots:
        return conduction("av-block")
    fed = {root.chamber for root in roots}
    rest = tuple(root for root in NORMAL_ROOTS if root.chamber not in fed)
    rhythm: Rhythm = "normal"
    if len(fed) == 1:
        rhythm = "lbbb-distal-intact" if fed == {"rv"} else "rbbb-distal-intact"
    made = tuple(roots)
    return Conduction(rhythm=rhythm, lv_layer=True, rv_layer=True, roots=made, all_roots=made + rest)


def simulated_members(
    twin: TwinFit, programme: Programme, *, members: Sequence[int] | None = None
) -> tuple[tuple[Simulation, ...], dict[str, Estimate]]:
    """Simulate one programme on the members of the ensemble.

    Parameters
    ----------
    twin
        A fit.
    programme
        Leads and delays; its conduction is replaced by that of each member.
    members
        Which; None takes all.

    Returns
    -------
    tuple
        The beats, and median with 90 % interval of ``total_ms``, ``lv_ms``, ``rv_ms``, ``lv95_ms``,
        ``lv_dispersion_ms``, ``vv_ms``, ``qrs_ms`` (by the 3 % rule) and ``qrs_area_uvs``.

    Notes
    -----
    Intervals hold what the ECG leaves open within this model, not what is wrong with it.
    """
    chosen = range(len(twin.members)) if members is None else members
    beats = []
    for member in chosen:
        heart, own = paced_twin(twin, twin.members[member])
        beats.append(simulate(heart, replace(programme, conduction=own)))
    names = ("total_ms", "lv_ms", "rv_ms", "lv95_ms", "lv_dispersion_ms", "vv_ms")
    values = {name: np.array([getattr(beat.indices, name) for beat in beats], dtype=np.float64) for name in names}
    values["qrs_ms"] = np.array([beat.qrs_ms for beat in beats])
    values["qrs_area_uvs"] = np.array([beat.qrs_area_uvs for beat in beats])
    return tuple(beats), {name: estimate(found[np.isfinite(found)]) for name, found in values.items()}
