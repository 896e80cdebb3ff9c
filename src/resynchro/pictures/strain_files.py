"""The pictures of one strain examination as files."""

from __future__ import annotations

from pathlib import Path

from resynchro.imaging.strain.strain_measurement import StrainMeasurement
from resynchro.pictures.figure_files import write_figures
from resynchro.pictures.strain_curves import delay_bullseye_figure, strain_curves_figure
from resynchro.pictures.strain_quality import strain_quality_figure

_PICTURES = (
    ("strain", "Strain curves", strain_curves_figure),
    ("delay", "Delay of the segments", delay_bullseye_figure),
    ("quality", "Data quality", strain_quality_figure),
)


def write_strain_pictures(measurement: StrainMeasurement, folder: Path) -> tuple[Path, ...]:
    """Write the strain curves, the bullseye of delays and the data-quality page as SVG and PNG.

    Parameters
    ----------
    measurement
        From `measure_strain`.
    folder
        Where to; made when absent.

    Returns
    -------
    tuple of Path
        ``NAME-HASH_strain.svg``, ``.png``, then the same of ``_delay`` and ``_quality``. NAME is the name of the
        (first) file, HASH the first eight digits of the SHA-256 of the study.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    file = Path(measurement.study.file.split(" + ")[0])
    figures = ((suffix, f"{title}: {file.name}", draw(measurement)) for suffix, title, draw in _PICTURES)
    return write_figures(figures, folder, stem=file.stem, sha256=measurement.study.sha256, otherwise="strain")
