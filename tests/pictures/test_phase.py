"""Pictures of phase analysis: what is written in them, scars hatched, files of the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import MeasurementError
from resynchro.imaging.spect.phase_measurement import PhaseMeasurement, measure_phase
from resynchro.imaging.spect.spect_phantom import sample_phantom, spect_phantom
from resynchro.pictures.phase import phase_figure
from resynchro.pictures.phase_files import write_phase_pictures
from resynchro.pictures.phase_slices import phase_slices_figure


@pytest.fixture(scope="module")
def measured() -> PhaseMeasurement:
    phases = dict.fromkeys(range(1, 18), 150.0) | {5: 200.0, 11: 200.0}
    spect = spect_phantom(
        phases, uptake={4: 0.2, 10: 0.2}, gates=8, pixel_mm=6.0, size=24, counts=60.0, rng=np.random.default_rng(1)
    )
    return measure_phase(spect)


def _texts(figure: object) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))  # type: ignore[attr-defined]


def test_the_page_holds_every_number_with_its_floor(measured: PhaseMeasurement) -> None:
    text = _texts(phase_figure(measured))
    assert f"{measured.weighted.sd_deg:.1f}°" in text and f"{measured.noise.floor_deg:.1f}°" in text
    assert "noise alone" in text and "8 gates" in text and "RR 900 ms" in text
    assert "for research" in text and "delay [°]; 90° = 25 % RR = 225 ms" in text


def test_what_is_not_viable_is_hatched(measured: PhaseMeasurement) -> None:
    figure = phase_figure(measured)
    hatches = [hatch for axes in figure.axes for drawn in axes.collections for hatch in getattr(drawn, "hatches", [])]
    assert hatches.count("//////") == 2  # both maps of samples
    wedges = [patch for axes in figure.axes for patch in axes.patches if patch.get_hatch()]
    assert len(wedges) == 2  # segments 4 and 10 of the bullseye


def test_slices_are_drawn_only_where_there_are_some(measured: PhaseMeasurement) -> None:
    text = _texts(phase_slices_figure(measured))
    assert "valve plane" in text and "apex" in text
    polar = sample_phantom(0.0, 0.1, noise=0.05, gates=8, rng=np.random.default_rng(1))
    with pytest.raises(MeasurementError, match="no slices"):
        phase_slices_figure(measure_phase(polar))


def test_files_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    m = measure_phase(sample_phantom(0.0, 0.1, noise=0.05, gates=8, rng=np.random.default_rng(1)))
    one, other = (write_phase_pictures(m, tmp_path / name) for name in ("a", "b"))
    assert [path.suffix for path in one] == [".svg", ".png"]
    for first, second in zip(one, other, strict=True):
        assert first.read_bytes() == second.read_bytes()
