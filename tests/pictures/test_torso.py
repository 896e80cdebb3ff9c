"""The picture of the torso: everything on the page, electrodes named."""

from __future__ import annotations

import numpy as np

from resynchro.electrics.electrodes import ELECTRODES
from resynchro.electrics.torso import template_torso
from resynchro.heart.mesh import HeartMesh
from resynchro.pictures.torso import torso_figure


def test_three_views_name_every_electrode() -> None:
    points = 20.0 * np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], float)
    faces = np.array([(1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1)], np.int32)
    none = np.zeros((0, 3), np.int32)
    mesh = HeartMesh(
        points_mm=points,
        tetrahedra=np.array([(0, 1, 2, 3)], np.int32),
        lv_endocardium=none,
        rv_endocardium=none,
        epicardium=faces,
        base=none,
    )
    torso = template_torso(points.mean(axis=0), sex="female")
    figure = torso_figure(torso, torso.electrodes(), mesh)
    assert figure.get_size_inches()[0] * 25.4 == 190.0
    views = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert list(views) == ["From the front", "From the left", "From above, front at the bottom"]
    named = {text.get_text() for text in views["From the front"].texts}
    assert set(ELECTRODES) <= named
    figure.canvas.draw()
    page = figure.bbox
    for axes in views.values():
        for text in axes.texts:
            box = text.get_window_extent()
            assert page.x0 <= box.x0 and box.x1 <= page.x1, text.get_text()
