"""The pictures of the imaging section of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from resynchro.errors import ResynchroError
from resynchro.pictures.cine_files import cine_figures
from resynchro.pictures.phase import phase_figure
from resynchro.pictures.scar import scar_bullseye_figure, scar_rules_figure, scar_slices_figure
from resynchro.pictures.strain_curves import strain_curves_figure
from resynchro.pictures.strain_quality import strain_quality_figure
from resynchro.pictures.target import target_figure
from resynchro.pictures.work_loops import septal_lateral_figure
from resynchro.planning.measured_imaging import MeasuredImaging, MeasuredScar, MeasuredStrain

_CINE_WORDS = {"short_axis": "short-axis slices with contours and segments", "volume": "volumes over the beat"}


def imaging_pictures(imaging: MeasuredImaging, image: Callable[[Any, str], Any]) -> Mapping[str, Any]:
    """Draw everything that imaging gave.

    Parameters
    ----------
    imaging
        From `measure_imaging`.
    image
        Makes an image element of a figure and its description.

    Returns
    -------
    Mapping
        ``targets``, ``strain``, ``cine``, ``phase``, ``scar``: lists of (picture, caption) pairs in the order of the
        examinations.
    """
    veins = None if imaging.veins is None else imaging.veins.coverage
    targets = [
        (image(target_figure(timed.target, veins=veins, title=f"By {timed.label}"), f"Target by {timed.label}"), "")
        for timed in imaging.targets
        if timed.target is not None
    ]
    return {
        "targets": targets,
        "strain": [picture for item in imaging.strain for picture in _strain(item, image)],
        "cine": [
            (image(figure, _CINE_WORDS[title]), f"{item.file}: {_CINE_WORDS[title]}.")
            for item in imaging.cine
            if item.measurement is not None
            for title, figure in cine_figures(item.measurement, name=item.file)
        ],
        "phase": [
            (
                image(phase_figure(item.measurement), "Phase histogram and polar maps"),
                f"{item.file}: phase of the beat.",
            )
            for item in imaging.phase
            if item.measurement is not None
        ],
        "scar": [] if imaging.scar is None else _scar(imaging.scar, image),
    }


def _strain(item: MeasuredStrain, image: Callable[[Any, str], Any]) -> list[tuple[Any, str]]:
    if item.measurement is None:
        return []
    found = [
        (
            image(strain_curves_figure(item.measurement), "Strain of every segment with valve events"),
            f"{item.file}: strain with valve events; filled areas are stretch.",
        ),
        (image(strain_quality_figure(item.measurement), "Quality of the strain data"), f"{item.file}: data quality."),
    ]
    if item.work is not None:
        try:
            figure = septal_lateral_figure(item.work)
        except ResynchroError:  # one of the two walls was not seen
            return found
        found.append(
            (
                image(figure, "Pressure-strain loops of septum and lateral wall"),
                f"{item.file}: myocardial work ({item.work.pressure_origin} pressure).",
            )
        )
    return found


def _scar(scar: MeasuredScar, image: Callable[[Any, str], Any]) -> list[tuple[Any, str]]:
    measured = scar.measurement
    if measured is None:
        return []
    found = []
    if measured.scar_map.segments:
        found.append(
            (image(scar_bullseye_figure(measured.scar_map), "Scar per segment"), f"{scar.file}: transmurality.")
        )
    if measured.scar_map.by_rule_pct_lvm:
        found.append(
            (image(scar_rules_figure(measured), "Scar by every threshold rule"), "Their spread is the uncertainty.")
        )
    if measured.slices:
        found.append((image(scar_slices_figure(measured), "Slices with scar"), f"{scar.file}: scar on the images."))
    return found
