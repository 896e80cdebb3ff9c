"""Which hypotheses a measured ECG calls for: from its own verdict on conduction and stimulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.electrics.fit_roots import FitHypothesis, FitRhythm, RootPrior, hypotheses
from resynchro.electrics.movable_root import RootSurface
from resynchro.electrics.sites import site
from resynchro.heart.heart import Heart
from resynchro.heart.ventricular_place import depth_and_rotation

#: A lead that images or the implanter place is known to about this [mm] (half a segment).
LEAD_SD_MM = 10.0


def hypotheses_of(measurement: EcgMeasurement) -> tuple[FitHypothesis, ...]:
    """Return how the measured beat may have been activated.

    Parameters
    ----------
    measurement
        From `resynchro.ecg.measurement.measure_ecg`.

    Returns
    -------
    tuple of FitHypothesis
        A paced beat may be RV-paced or biventricular; incomplete block and non-specific delay may be a late bundle or a
        blocked one. The fit weighs them.
    """
    if measurement.morphology == "paced" or measurement.beat.kind in ("paced", "fusion"):
        return hypotheses("rv_paced") + hypotheses("biventricular")
    if measurement.morphology == "lbbb":
        return hypotheses("lbbb")
    if measurement.morphology == "rbbb":
        return hypotheses("rbbb")
    normal = hypotheses("normal")[0]
    if measurement.morphology == "incomplete_lbbb":
        return (replace(normal, name="left bundle late", lv_delay=(15.0, 12.0)), *hypotheses("lbbb"))
    if measurement.morphology == "incomplete_rbbb":
        return (normal, replace(normal, name="right bundle late", lv_delay=(-25.0, 12.0)))
    if measurement.morphology == "ivcd":
        return (replace(normal, name="both bundles, one late", lv_delay=(0.0, 25.0)), *hypotheses("lbbb"))
    return (normal,)


def with_leads(tried: tuple[FitHypothesis, ...], heart: Heart, leads: Mapping[str, str]) -> tuple[FitHypothesis, ...]:
    """Put the leads of paced beats where the device's leads are known to be.

    Parameters
    ----------
    tried
        From `hypotheses_of` or `hypotheses`.
    heart
        In which the sites lie.
    leads
        Named site (see `resynchro.electrics.sites`) of ``rv`` and ``lv``, as far as known.

    Returns
    -------
    tuple of FitHypothesis
        Hypotheses that differ only in the place of a lead that is now known become one.
    """
    made: list[FitHypothesis] = []
    for hypothesis in tried:
        roots = tuple(_led(root, heart, leads) for root in hypothesis.roots)
        if all(other.roots != roots or other.rhythm != hypothesis.rhythm for other in made):
            made.append(replace(hypothesis, roots=roots))
    return tuple(made)


def _led(root: RootPrior, heart: Heart, leads: Mapping[str, str]) -> RootPrior:
    if root.in_layer or root.ventricle not in leads:
        return root
    found = site(heart, leads[root.ventricle])
    depth, rotation = depth_and_rotation(found.position_mm[None], heart.landmarks)
    surface: RootSurface = "epicardium"
    if found.layer == "lv endocardium":
        surface = "lv_endocardium"
    elif found.layer == "rv endocardium":
        surface = "rv_free_wall" if heart.coordinates.rv[found.node] else "rv_septum"
    return replace(
        root,
        surface=surface,
        depth=float(depth[0]),
        rotation_deg=float(rotation[0]),
        along_sd_mm=LEAD_SD_MM,
        around_sd_mm=LEAD_SD_MM,
        source=f"lead at {leads[root.ventricle]}",
    )


def rhythm_words(rhythm: FitRhythm) -> str:
    """Return the kind of beat in words."""
    return {
        "normal": "both bundles conduct",
        "lbbb": "left bundle branch block",
        "rbbb": "right bundle branch block",
        "rv_paced": "right-ventricular pacing",
        "biventricular": "biventricular pacing",
    }[rhythm]
