"""Intrinsic rhythms: where conduction enters the ventricles, and which fast layers conduct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from resynchro.errors import InputError

Rhythm = Literal[
    "normal",
    "lbbb",
    "lbbb-distal-intact",
    "rbbb",
    "rbbb-distal-intact",
    "nonspecific",
    "av-block",
]
RHYTHMS: tuple[Rhythm, ...] = get_args(Rhythm)
Chamber = Literal["lv", "rv"]
RootSurface = Literal["lv endocardium", "rv septum", "rv free wall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A place where the conduction system first reaches muscle.

    Attributes
    ----------
    name
        Of the site.
    chamber
        Whose bundle feeds it.
    surface, depth, rotation_deg
        Where: surface, along the long axis (0 base, 1 apex), display angle [deg].
    early_ms
        Time after the first root of a normal beat [ms].
    """

    name: str
    chamber: Chamber
    surface: RootSurface
    depth: float
    rotation_deg: float
    early_ms: float


#: Early sites of the normal heart. Left: high on the anterior wall beside the septum, in the middle of the septum, and
#: beside the septum on the inferior wall a third of the way from the apex, within 5 ms of each other; right: at the
#: anterior papillary muscle, 5 to 10 ms later (Durrer D et al. Circulation 1970;41:899-912,
#: doi:10.1161/01.CIR.41.6.899; times quoted second hand, unverified). The right bundle runs down the septum and
#: through the moderator band to that muscle: its septal end is an early site as well (design choice).
NORMAL_ROOTS: tuple[Root, ...] = (
    Root(name="lv-anterior", chamber="lv", surface="lv endocardium", depth=0.30, rotation_deg=105.0, early_ms=0.0),
    Root(name="lv-septal", chamber="lv", surface="lv endocardium", depth=0.45, rotation_deg=180.0, early_ms=0.0),
    Root(name="lv-inferior", chamber="lv", surface="lv endocardium", depth=0.65, rotation_deg=250.0, early_ms=0.0),
    Root(name="rv-papillary", chamber="rv", surface="rv free wall", depth=0.60, rotation_deg=190.0, early_ms=7.0),
    Root(name="rv-septal", chamber="rv", surface="rv septum", depth=0.60, rotation_deg=180.0, early_ms=7.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduction:
    """What conducts between atria and ventricular muscle.

    Attributes
    ----------
    rhythm
        Name.
    lv_layer, rv_layer
        Whether the distal Purkinje network of either ventricle conducts.
    roots
        Early sites that are fed; none with atrioventricular block.
    all_roots
        Early sites of the healthy heart, which a lead on the conduction system may recruit.
    layer_factor, muscle_factor
        Factors on the velocities of both fast layers and of the muscle.

    Notes
    -----
    Release times count from the first root that is fed, which fires at the end of the PR interval.
    """

    rhythm: Rhythm
    lv_layer: bool
    rv_layer: bool
    roots: tuple[Root, ...]
    all_roots: tuple[Root, ...] = NORMAL_ROOTS
    layer_factor: float = 1.0
    muscle_factor: float = 1.0

    def releases_ms(self) -> tuple[float, ...]:
        """Return the release of each root after the first of them [ms]."""
        first = min((root.early_ms for root in self.roots), default=0.0)
        return tuple(root.early_ms - first for root in self.roots)


def conduction(
    rhythm: Rhythm,
    *,
    early_ms: Mapping[str, float] | None = None,
    layer_factor: float | None = None,
    muscle_factor: float | None = None,
) -> Conduction:
    """Return an intrinsic rhythm.

    Parameters
    ----------
    rhythm
        ``normal``; ``lbbb`` and ``rbbb`` (bundle and distal network blocked); the same with ``-distal-intact`` (bundle
        blocked, network entered through the septum); ``nonspecific`` (everything conducts, slowly); ``av-block`` (no
        intrinsic activation, both networks intact).
    early_ms
        Other times for roots, by name [ms].
    layer_factor, muscle_factor
        Factors on velocities; by default 1, with nonspecific delay 0.6 and 0.7 (design choice).

    Returns
    -------
    Conduction

    Raises
    ------
    InputError
        Unknown rhythm or root, factors outside 0.2 to 2, times outside 0 to 100 ms.
    """
    if rhythm not in RHYTHMS:
        raise InputError(f"conduction must be one of {', '.join(RHYTHMS)}, got {rhythm!r}")
    slow = rhythm == "nonspecific"
    layer_factor = (0.6 if slow else 1.0) if layer_factor is None else layer_factor
    muscle_factor = (0.7 if slow else 1.0) if muscle_factor is None else muscle_factor
    for name, factor in (("layer_factor", layer_factor), ("muscle_factor", muscle_factor)):
        if not 0.2 <= factor <= 2.0:
            raise InputError(f"{name} must lie in [0.2, 2], got {factor:g}")
    roots = _retimed(early_ms or {})
    fed: set[Chamber] = {"lv", "rv"}
    if rhythm.startswith("lbbb"):
        fed = {"rv"}
    elif rhythm.startswith("rbbb"):
        fed = {"lv"}
    elif rhythm == "av-block":
        fed = set()
    return Conduction(
        rhythm=rhythm,
        lv_layer=rhythm != "lbbb",
        rv_layer=rhythm != "rbbb",
        roots=tuple(root for root in roots if root.chamber in fed),
        all_roots=roots,
        layer_factor=layer_factor,
        muscle_factor=muscle_factor,
    )


def _retimed(early_ms: Mapping[str, float]) -> tuple[Root, ...]:
    known = {root.name for root in NORMAL_ROOTS}
    for name, time_ms in early_ms.items():
        if name not in known:
            raise InputError(f"no early site {name!r}; there are {', '.join(sorted(known))}")
        if not 0.0 <= time_ms <= 100.0:
            raise InputError(f"the early site {name} must fire 0 to 100 ms after the first, got {time_ms:g} ms")
    return tuple(replace(root, early_ms=float(early_ms.get(root.name, root.early_ms))) for root in NORMAL_ROOTS)
