"""A heart from what a report says about it: volumes, length, walls; what is missing is filled by stated rules."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from resynchro.errors import InputError
from resynchro.heart.heart import Heart
from resynchro.heart.template import template_heart
from resynchro.heart.template_parameters import PRESETS, TemplateParameters
from resynchro.record.finding import Finding

#: LV walls whose thickness a report may give; unknown ones are thick in proportion to the known ones.
_FULL_WALLS = ("septal_wall_mm", "anterior_wall_mm", "lateral_wall_mm", "inferior_wall_mm")
#: Thinnest and thickest wall that the rule for unknown walls gives [mm].
_RULED_WALL_MM = (4.0, 20.0)
#: Volume of the template's cavity over that of the cylinder of its diameter and length: an ellipsoid of half-axis a,
#: cut at the height k a over its tip, k = 1 - cos(0.57 pi), has the volume pi r^2 L (k - k^2 / 3).
_CAVITY_SHAPE = (1.0 - math.cos(0.57 * math.pi)) * (1.0 - (1.0 - math.cos(0.57 * math.pi)) / 3.0)
#: An RV volume that nobody measured gives way where it does not fit: these shares of it are tried, not below the least.
_LEAST_RV_ML = 40.0
_SMALLER_RV = (1.0, 0.85, 0.7, 0.55)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSizes:
    """What is known of a heart at end diastole; None for what is not.

    Attributes
    ----------
    lv_edv_ml, rv_edv_ml
        End-diastolic volumes [mL].
    lv_length_mm
        From the centre of the base to the endocardium of the apex [mm].
    lv_diameter_mm
        Inner diameter at end diastole, as echocardiography gives it (LVEDD) [mm]; used where the volume is missing.
    septal_wall_mm, anterior_wall_mm, lateral_wall_mm, inferior_wall_mm, apical_wall_mm, rv_wall_mm
        Thickness of the walls [mm].
    """

    lv_edv_ml: float | None = None
    lv_length_mm: float | None = None
    lv_diameter_mm: float | None = None
    septal_wall_mm: float | None = None
    anterior_wall_mm: float | None = None
    lateral_wall_mm: float | None = None
    inferior_wall_mm: float | None = None
    apical_wall_mm: float | None = None
    rv_edv_ml: float | None = None
    rv_wall_mm: float | None = None


def heart_from_sizes(known: KnownSizes, *, edge_mm: float = 2.0) -> Heart:
    """Build the template heart in the sizes of a patient.

    Parameters
    ----------
    known
        What reports say; everything may be missing, then it is the normal heart.
    edge_mm
        As in `template_heart` [mm].

    Returns
    -------
    Heart
        In the usual position in the body, ``geometry_source`` is ``volumes`` (``template`` when nothing was known). A
        finding lists what was known and what was assumed.

    Raises
    ------
    InputError
        For sizes no heart has, that contradict each other, or with which the walls would fold.

    Notes
    -----
    See `filled_sizes` for the rules.
    """
    sizes, finding = filled_sizes(known)
    heart = _unfolded_template(sizes, known.rv_edv_ml is None, edge_mm)
    source = "template" if known == KnownSizes() else "volumes"
    return replace(heart, geometry_source=source, findings=(finding,))  # type: ignore[arg-type]


def filled_sizes(known: KnownSizes) -> tuple[TemplateParameters, Finding]:
    """Fill the sizes that are missing.

    Parameters
    ----------
    known
        What reports say.

    Returns
    -------
    tuple
        All sizes, and a finding that lists what was known and what was assumed.

    Raises
    ------
    InputError
        For sizes no heart has.

    Notes
    -----
    Our rules, no published regression: the LV's length and the RV's volume follow the LV's volume by the power law
    through both presets (a heart grows rounder as it dilates, and its right ventricle grows less). Without LV volume it
    follows from the diameter: the cut ellipsoid of the template has 0.72 times the volume of the cylinder of its
    diameter and length; without diameter, from the length by the same power law. Unknown LV walls are those of the
    presets times the mean ratio of the known walls to the presets.
    """
    given = {field.name: getattr(known, field.name) for field in fields(known)}
    given = {name: float(value) for name, value in given.items() if value is not None}
    diameter = given.get("lv_diameter_mm", 50.0)
    if not 20.0 <= diameter <= 120.0:
        raise InputError(f"lv_diameter_mm must lie in [20, 120], got {diameter:g}: check the unit")
    sizes = {name: value for name, value in given.items() if name != "lv_diameter_mm"}
    assumed: dict[str, str] = {}
    if "lv_edv_ml" not in sizes:
        sizes["lv_edv_ml"], assumed["lv_edv_ml"] = _lv_volume(given)
    for name in ("lv_length_mm", "rv_edv_ml"):
        if name not in sizes:
            sizes[name] = _by_volume(name, sizes["lv_edv_ml"])
            assumed[name] = "in proportion to the LV volume"
    normal = PRESETS["normal"]
    ratios = [sizes[name] / getattr(normal, name) for name in _FULL_WALLS if name in sizes]
    ratio = sum(ratios) / len(ratios) if ratios else 1.0
    for name in (*_FULL_WALLS, "apical_wall_mm"):
        if name not in sizes:
            sizes[name] = min(max(getattr(normal, name) * ratio, _RULED_WALL_MM[0]), _RULED_WALL_MM[1])
            assumed[name] = "like the template" if ratio == 1.0 else f"template times {ratio:.2f} like the known walls"
    if "rv_wall_mm" not in sizes:
        sizes["rv_wall_mm"], assumed["rv_wall_mm"] = normal.rv_wall_mm, "like the template"
    finding = _finding(given, sizes, assumed)
    try:
        return TemplateParameters(**sizes), finding
    except InputError as error:
        raise InputError(f"{error} ({finding.message})") from error


def _by_volume(name: str, lv_edv_ml: float) -> float:
    """Return a size by the power law of the LV volume that goes through both presets."""
    normal, dilated = PRESETS["normal"], PRESETS["dilated"]
    return float(getattr(normal, name) * (lv_edv_ml / normal.lv_edv_ml) ** _power(name, normal, dilated))


def _power(name: str, normal: TemplateParameters, dilated: TemplateParameters) -> float:
    return math.log(getattr(dilated, name) / getattr(normal, name)) / math.log(dilated.lv_edv_ml / normal.lv_edv_ml)


def _lv_volume(given: dict[str, float]) -> tuple[float, str]:
    """Return the LV volume where no report gives it, and where it comes from."""
    normal, dilated = PRESETS["normal"], PRESETS["dilated"]
    power = _power("lv_length_mm", normal, dilated)
    if "lv_diameter_mm" in given:
        per_length = _CAVITY_SHAPE * math.pi * given["lv_diameter_mm"] ** 2 / 4000.0
        if "lv_length_mm" in given:
            return per_length * given["lv_length_mm"], "from diameter and length"
        # V = k L and L = L0 (V / V0)^p together.
        return (per_length * normal.lv_length_mm / normal.lv_edv_ml**power) ** (
            1.0 / (1.0 - power)
        ), "from the diameter"
    if "lv_length_mm" in given:
        return normal.lv_edv_ml * (given["lv_length_mm"] / normal.lv_length_mm) ** (1.0 / power), "from the length"
    return normal.lv_edv_ml, "like the template"


def _finding(given: dict[str, float], sizes: dict[str, float], assumed: dict[str, str]) -> Finding:
    known = ", ".join(f"{_words(name)} {value:g}{_unit(name)}" for name, value in given.items()) or "nothing"
    reasons: dict[str, list[str]] = {}
    for name, reason in assumed.items():
        reasons.setdefault(reason, []).append(f"{_words(name)} {sizes[name]:.3g}{_unit(name)}")
    filled = "; ".join(f"{', '.join(values)} ({reason})" for reason, values in reasons.items())
    return Finding(
        code="heart-from-sizes",
        message=f"the heart is the template in the patient's sizes: known were {known}; "
        + (f"assumed were {filled}" if filled else "nothing was assumed")
        + ". Its position in the body is the usual one, not the patient's",
    )


def _words(name: str) -> str:
    chamber = name.rsplit("_", 1)[0].replace("_", " ")
    return chamber.replace("lv", "LV").replace("rv", "RV").replace("edv", "end-diastolic volume")


def _unit(name: str) -> str:
    return " mL" if name.endswith("_ml") else " mm"


def _unfolded_template(sizes: TemplateParameters, rv_is_free: bool, edge_mm: float) -> Heart:
    """Build the template; an RV volume that nobody measured gives way until the heart is sound."""
    reason = ""
    for share in _SMALLER_RV if rv_is_free else (1.0,):
        tried = replace(sizes, rv_edv_ml=max(_LEAST_RV_ML, share * sizes.rv_edv_ml))
        try:
            heart = template_heart(tried, edge_mm=edge_mm)
        except InputError as error:
            reason = str(error)
            continue
        folded = int((heart.mesh.volumes_mm3 <= 0.0).sum())
        if not folded:
            return heart
        reason = (
            f"the walls would fold ({folded} inverted tetrahedra): check volumes, length and thickness of the walls"
        )
    raise InputError(reason)
