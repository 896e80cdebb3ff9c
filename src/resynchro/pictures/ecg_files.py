"""The pictures of one measured ECG as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.pictures.beats import beats_figure, butterfly_figure
from resynchro.pictures.ecg_paper import ecg_paper_figure
from resynchro.pictures.figure_files import write_figures
from resynchro.pictures.vector_loop import vector_loop_figure


def write_ecg_pictures(measurement: EcgMeasurement, folder: Path) -> tuple[Path, ...]:
    """Write the paper, the beats, their overlay and the vector loop of one ECG as SVG and PNG.

    Parameters
    ----------
    measurement
        From `measure_ecg`.
    folder
        Where to; made when absent.

    Returns
    -------
    tuple of Path
        ``NAME-HASH_ecg.svg``, ``.png``, then the same of ``_beats``, ``_butterfly`` and ``_loop``; no loop when
        voltages cannot be trusted. NAME is the name of the recording's file, HASH the first eight digits of its
        SHA-256, so that two recordings of one name in different folders do not overwrite each other while the same
        recording always gets the same name.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    pictures: list[tuple[str, str, Callable[[EcgMeasurement], Figure]]] = [
        ("ecg", "12-lead ECG", ecg_paper_figure),
        ("beats", "Representative beat", beats_figure),
        ("butterfly", "Representative beat, all leads", butterfly_figure),
    ]
    if measurement.loop is not None:
        pictures.append(("loop", "Vector loop", vector_loop_figure))
    source = measurement.record.source
    file = Path(source.file)
    figures = ((suffix, f"{title}: {file.name}", draw(measurement)) for suffix, title, draw in pictures)
    return write_figures(figures, folder, stem=file.stem, sha256=source.sha256, otherwise="ecg")
