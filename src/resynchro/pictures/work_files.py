"""The pictures of myocardial work as files."""

from __future__ import annotations

from pathlib import Path

from resynchro.imaging.work.work_measurement import WorkMeasurement
from resynchro.pictures.figure_files import write_figures
from resynchro.pictures.work_loops import segment_loops_figure, septal_lateral_figure, work_bullseye_figure

_PICTURES = (
    ("work_loops", "Septal and lateral work", septal_lateral_figure),
    ("work_segments", "Pressure-strain loops of all segments", segment_loops_figure),
    ("work_bullseye", "Myocardial work per segment", work_bullseye_figure),
)


def write_work_pictures(measurement: WorkMeasurement, folder: Path) -> tuple[Path, ...]:
    """Write the loops of septum and lateral wall, of all segments, and the bullseye as SVG and PNG.

    Parameters
    ----------
    measurement
        From `measure_work`.
    folder
        Where to; made when absent.

    Returns
    -------
    tuple of Path
        ``NAME-HASH_work_loops.svg``, ``.png``, then the same of ``_work_segments`` and ``_work_bullseye``. NAME is the
        name of the (first) file, HASH the first eight digits of the SHA-256 of the study.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    file = Path(measurement.study.file.split(" + ")[0])
    figures = ((suffix, f"{title}: {file.name}", draw(measurement)) for suffix, title, draw in _PICTURES)
    return write_figures(figures, folder, stem=file.stem, sha256=measurement.study.sha256, otherwise="strain")
