"""The pictures of one phase analysis as files."""

from __future__ import annotations

from pathlib import Path

from resynchro.imaging.spect.phase_measurement import PhaseMeasurement
from resynchro.pictures.figure_files import write_figures
from resynchro.pictures.phase import phase_figure
from resynchro.pictures.phase_slices import phase_slices_figure
from resynchro.record.gated_spect import SliceOrientation


def write_phase_pictures(
    measurement: PhaseMeasurement, folder: Path, *, orientation: SliceOrientation = "AS"
) -> tuple[Path, ...]:
    """Write the page of the phase analysis, and the slices for checking by eye, as SVG and PNG.

    Parameters
    ----------
    measurement
        From `measure_phase`.
    folder
        Where to; made when absent.
    orientation
        As given to `measure_phase`.

    Returns
    -------
    tuple of Path
        ``NAME-HASH_phase.svg``, ``.png``, then the same of ``_phase_slices`` where there are slices. NAME is the name
        of the file, HASH the first eight digits of its SHA-256.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    file = Path(measurement.polar.file)
    stem = file.name.removesuffix(".gz").rpartition(".")[0] or file.name
    figures = [("phase", f"Phase analysis: {file.name}", phase_figure(measurement))]
    if measurement.spect is not None:
        slices = phase_slices_figure(measurement, orientation)
        figures.append(("phase_slices", f"Short-axis slices: {file.name}", slices))
    return write_figures(figures, folder, stem=stem, sha256=measurement.polar.sha256, otherwise="spect")
