"""The pictures of one measured cine as files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from resynchro.imaging.cine.cine_measurement import CineMeasurement
from resynchro.pictures.figure_files import write_figures
from resynchro.pictures.short_axis import cine_slices, short_axis_figure, volume_figure

_LEGEND = (
    "red: endocardium, green: epicardium, blue: right ventricle; triangles: right-ventricular insertions (up anterior, "
    "down inferior); white: segments"
)


def cine_figures(measurement: CineMeasurement, *, name: str) -> tuple[tuple[str, Figure], ...]:
    """Draw the short-axis slices and the volume curve of one cine.

    Returns
    -------
    tuple
        ``short_axis`` and, where volumes over time are there, ``volume``, each with its figure.
    """
    pictures: list[tuple[str, Figure]] = []
    rows = cine_slices(measurement)
    if any(rows):
        pictures.append(("short_axis", short_axis_figure(rows, title=f"Short axis: {name}", note=_LEGEND)))
    if measurement.volumes is not None and len(measurement.volumes.curves[0].cavity_ml) > 1:
        pictures.append(("volume", volume_figure(measurement)))
    return tuple(pictures)


def write_cine_pictures(measurement: CineMeasurement, folder: Path, *, name: str) -> tuple[Path, ...]:
    """Write the short-axis slices and the volume curve of one cine as SVG and PNG.

    Parameters
    ----------
    measurement
        From `measure_cine`.
    folder
        Where to; made when absent.
    name
        First part of the names of the files.

    Returns
    -------
    tuple of Path
        ``NAME-HASH_short_axis.svg``, ``.png``, then the same of ``_volume`` where volumes over time are there.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    source = measurement.stack if measurement.stack is not None else measurement.contours
    figures = ((suffix, f"{suffix}: {name}", figure) for suffix, figure in cine_figures(measurement, name=name))
    sha256 = "" if source is None else source.sha256
    return write_figures(figures, folder, stem=name, sha256=sha256, otherwise="cine")
