"""Where the activation may start in each rhythm, before the ECG is looked at: roots with the spread of people.

Places are depth along the long axis (0 base, 1 apex) and display angle (120 at the anterior and 240 at the inferior
insertion), so that they hold for every heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from resynchro.electrics.conduction import NORMAL_ROOTS
from resynchro.electrics.fit_parameters import Acts, Parameter
from resynchro.electrics.movable_root import RootSurface
from resynchro.errors import InputError

#: Kinds of beat that a twin is fitted to.
FitRhythm = Literal["normal", "lbbb", "rbbb", "rv_paced", "biventricular"]
RHYTHMS: tuple[FitRhythm, ...] = ("normal", "lbbb", "rbbb", "rv_paced", "biventricular")


@dataclass(frozen=True, slots=True, kw_only=True)
class RootPrior:
    """One root with its prior.

    Attributes
    ----------
    name
        Unique within a hypothesis.
    surface
        What it lies on.
    depth, rotation_deg
        Middle of the prior: along the long axis (0 base, 1 apex) and display angle [deg].
    along_sd_mm, around_sd_mm
        Standard deviation towards the base and around [mm].
    ventricle
        Whose bundle or lead it belongs to; roots of the LV share the LV-RV delay.
    release_ms, release_sd_ms
        After the first of its ventricle [ms].
    in_layer
        True for an end of the conduction system, which starts in the fast layer; False for a stimulus in muscle.
    source
        Where the prior comes from.
    """

    name: str
    surface: RootSurface
    depth: float
    rotation_deg: float
    along_sd_mm: float = 12.0
    around_sd_mm: float = 12.0
    ventricle: Literal["lv", "rv"]
    release_ms: float = 0.0
    release_sd_ms: float = 4.0
    in_layer: bool = True
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FitHypothesis:
    """One way in which the beat may have been activated.

    Attributes
    ----------
    name
        In words.
    rhythm
        The kind of beat.
    roots
        With priors.
    v_lv_layer, v_rv_layer
        Median [m/s] and standard deviation of the logarithm of the velocity of the fast layers.
    lv_delay
        Middle and standard deviation of the release of the LV roots after those of the RV [ms]; None without both.
    onset
        Middle and standard deviation of the first release against the measured QRS onset [ms].
    """

    name: str
    rhythm: FitRhythm
    roots: tuple[RootPrior, ...]
    v_lv_layer: tuple[float, float]
    v_rv_layer: tuple[float, float]
    lv_delay: tuple[float, float] | None
    onset: tuple[float, float]


_LEAD = "usual place of the lead; design choice"
_SURFACE: Mapping[str, RootSurface] = {
    "lv endocardium": "lv_endocardium",
    "rv septum": "rv_septum",
    "rv free wall": "rv_free_wall",
}


def _of_chamber(chamber: Literal["lv", "rv"]) -> tuple[RootPrior, ...]:
    """Return the early sites that a bundle feeds; their times count from the first of the chamber."""
    roots = [root for root in NORMAL_ROOTS if root.chamber == chamber]
    first = min(root.early_ms for root in roots)
    return tuple(
        RootPrior(
            name=root.name.replace("-", "_"),
            surface=_SURFACE[root.surface],
            depth=root.depth,
            rotation_deg=root.rotation_deg,
            ventricle=chamber,
            release_ms=root.early_ms - first,
            source="early sites of Durrer 1970, second hand; spread is a design choice",
        )
        for root in roots
    )


_LV_ROOTS, _RV_ROOTS = _of_chamber("lv"), _of_chamber("rv")
_INTACT_LAYER = (2.0, 0.30)
#: The bundle that still conducts may be diseased too (HV above 60 ms in 22 of 57 patients with LBBB, abstract).
_DISEASED_LAYER = (1.5, 0.45)
#: Behind a block: anything from a distal network that conducts to none that does (the speed of muscle).
_BLOCKED_LAYER = (0.9, 0.45)
#: During RV pacing the RV network is entered late: RV activation lasts 69 instead of 46 ms (Eschalier).
_PACED_LAYER = (1.0, 0.40)
_INTRINSIC_ONSET = (-4.0, 6.0)
_STIMULUS_ONSET = (-8.0, 10.0)

_RV_SITES: Mapping[str, tuple[RootSurface, float, float]] = {
    "apex": ("rv_septum", 0.80, 180.0),
    "septum": ("rv_septum", 0.45, 180.0),
    "outflow tract": ("rv_septum", 0.10, 135.0),
}
_LV_SITES: Mapping[str, tuple[float, float]] = {
    "lateral": (0.4, 0.0),
    "posterolateral": (0.4, 330.0),
    "anterolateral": (0.4, 30.0),
}


def hypotheses(rhythm: FitRhythm) -> tuple[FitHypothesis, ...]:
    """Return the ways in which a beat of this kind may have been activated.

    Raises
    ------
    InputError
        For an unknown rhythm.
    """
    if rhythm == "normal":
        return (
            FitHypothesis(
                name="both bundles",
                rhythm=rhythm,
                roots=_LV_ROOTS + _RV_ROOTS,
                v_lv_layer=_INTACT_LAYER,
                v_rv_layer=_INTACT_LAYER,
                lv_delay=(-7.0, 8.0),
                onset=_INTRINSIC_ONSET,
            ),
        )
    if rhythm == "lbbb":
        return tuple(
            FitHypothesis(
                name=name,
                rhythm=rhythm,
                roots=roots,
                v_lv_layer=_BLOCKED_LAYER,
                v_rv_layer=_DISEASED_LAYER,
                lv_delay=None,
                onset=_INTRINSIC_ONSET,
            )
            for name, roots in (
                ("right bundle, at the papillary muscle", _RV_ROOTS[:1]),
                ("right bundle, at the papillary muscle and the septum", _RV_ROOTS),
            )
        )
    if rhythm == "rbbb":
        return (
            FitHypothesis(
                name="left bundle only",
                rhythm=rhythm,
                roots=_LV_ROOTS,
                v_lv_layer=_DISEASED_LAYER,
                v_rv_layer=_BLOCKED_LAYER,
                lv_delay=None,
                onset=_INTRINSIC_ONSET,
            ),
        )
    if rhythm == "rv_paced":
        return tuple(
            FitHypothesis(
                name=f"RV lead at the {name}",
                rhythm=rhythm,
                roots=(_lead("rv_lead", "rv", *place),),
                v_lv_layer=_BLOCKED_LAYER,
                v_rv_layer=_PACED_LAYER,
                lv_delay=None,
                onset=_STIMULUS_ONSET,
            )
            for name, place in _RV_SITES.items()
        )
    if rhythm == "biventricular":
        return tuple(
            FitHypothesis(
                name=f"RV lead at the {rv_name}, LV lead {lv_name}",
                rhythm=rhythm,
                roots=(_lead("rv_lead", "rv", *rv_place), _lead("lv_lead", "lv", "epicardium", *lv_place)),
                v_lv_layer=_BLOCKED_LAYER,
                v_rv_layer=_PACED_LAYER,
                lv_delay=(0.0, 25.0),
                onset=_STIMULUS_ONSET,
            )
            for rv_name, rv_place in list(_RV_SITES.items())[:2]
            for lv_name, lv_place in _LV_SITES.items()
        )
    raise InputError(f"no rhythm {rhythm!r}: choose one of {', '.join(RHYTHMS)}")


def _lead(
    name: str, ventricle: Literal["lv", "rv"], surface: RootSurface, depth: float, rotation_deg: float
) -> RootPrior:
    return RootPrior(
        name=name,
        surface=surface,
        depth=depth,
        rotation_deg=rotation_deg,
        along_sd_mm=15.0,
        around_sd_mm=15.0,
        ventricle=ventricle,
        release_sd_ms=0.0,
        in_layer=False,
        source=_LEAD,
    )


def at_place(root: RootPrior, depth: float, rotation_deg: float, *, sd_mm: float) -> RootPrior:
    """Return a root whose place is known, such as a lead seen on images."""
    return replace(root, depth=depth, rotation_deg=rotation_deg, along_sd_mm=sd_mm, around_sd_mm=sd_mm)


def root_parameters(hypothesis: FitHypothesis) -> tuple[Parameter, ...]:
    """Return onset, LV-RV delay, and release and place of every root as parameters.

    A single root of a ventricle has no release of its own: onset and LV-RV delay already say it.
    """
    choice = "design choice"
    made = [
        Parameter(
            name="onset_ms",
            unit="ms",
            acts="onset",
            middle=hypothesis.onset[0],
            sd=hypothesis.onset[1],
            source="the first muscle activates before the QRS is seen; design choice",
        )
    ]
    if hypothesis.lv_delay is not None:
        made.append(
            Parameter(
                name="lv_rv_release_ms",
                unit="ms",
                acts="lv_delay",
                middle=hypothesis.lv_delay[0],
                sd=hypothesis.lv_delay[1],
                source="RV breakthrough 5 to 10 ms after the LV (Durrer 1970, second hand)"
                if hypothesis.rhythm == "normal"
                else "programmed VV delays and capture latencies; design choice",
            )
        )
    for k, root in enumerate(hypothesis.roots):
        alone = sum(other.ventricle == root.ventricle for other in hypothesis.roots) == 1
        if not alone and root.release_sd_ms > 0.0:
            made.append(
                Parameter(
                    name=f"{root.name}_release_ms",
                    unit="ms",
                    acts="release",
                    index=k,
                    middle=root.release_ms,
                    sd=root.release_sd_ms,
                    source=choice,
                )
            )
        places: tuple[tuple[Acts, str, float], ...] = (
            ("place_along", "basal", root.along_sd_mm),
            ("place_around", "around", root.around_sd_mm),
        )
        made += [
            Parameter(
                name=f"{root.name}_{word}_mm", unit="mm", acts=acts, index=k, middle=0.0, sd=sd, source=root.source
            )
            for acts, word, sd in places
        ]
    return tuple(made)
