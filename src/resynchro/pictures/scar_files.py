"""The pictures of one scar measurement as files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from resynchro.formats.output_file import write_file
from resynchro.imaging.scar.scar_measurement import ScarMeasurement
from resynchro.pictures.figure_files import picture_name, png_bytes, write_figures
from resynchro.pictures.scar import scar_bullseye_figure, scar_rules_figure, scar_slices_figure

#: Slices hold grey images: as sharp as a screen needs, and no SVG, which would carry every pixel.
_SLICES_DPI = 200.0


def write_scar_pictures(measurement: ScarMeasurement, folder: Path, *, name: str) -> tuple[Path, ...]:
    """Write what there is to show: slices (PNG), bullseye and rules (SVG and PNG).

    Parameters
    ----------
    measurement
        From `measure_scar`, `scar_from_labels` or `given_scar`.
    folder
        Where to; made when absent.
    name
        First part of the names of the files.

    Returns
    -------
    tuple of Path
        ``NAME_scar_slices.png``; ``NAME_scar_bullseye`` and ``NAME_scar_rules``, each as ``.svg`` and ``.png``. No
        bullseye without segments, no rules without image, no slices for tables.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    stem = picture_name(name, sha256="", otherwise="case")
    written = []
    if measurement.slices:
        path = folder / f"{stem}_scar_slices.png"
        written.append(write_file(path, png_bytes(scar_slices_figure(measurement), dpi=_SLICES_DPI)))
    figures: list[tuple[str, str, Figure]] = []
    if measurement.scar_map.segments:
        figures.append(("scar_bullseye", f"Scar per segment: {stem}", scar_bullseye_figure(measurement.scar_map)))
    if measurement.scar_map.by_rule_pct_lvm:
        figures.append(("scar_rules", f"Scar by threshold rule: {stem}", scar_rules_figure(measurement)))
    return (*written, *write_figures(figures, folder, stem=stem, sha256="", otherwise="case"))
