"""Remote sector, dark cores, islands, matching of slices and the gate on small arrays."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import InputError, MeasurementError
from resynchro.imaging.scar.microvascular_obstruction import obstruction_filled
from resynchro.imaging.scar.remote_myocardium import (
    RemoteSector,
    capped_by_examination,
    given_sector,
    in_remote_sector,
    remote_sector,
)
from resynchro.imaging.scar.scar_gate import GATE_PCT, scar_gate
from resynchro.imaging.scar.scar_islands import without_islands
from resynchro.imaging.scar.scar_rules import EnhancedSlice, raw_refusal
from resynchro.imaging.scar.slice_intensity import common_scale, rescaled_slice_by_slice


def _mask(*rows: str) -> np.ndarray:
    return np.array([[letter != "." for letter in row] for row in rows])


def _plane(*rows: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scar (s), wall (s, w, d) and cavity (c) of a drawn slice."""
    letters = np.array([list(row) for row in rows])
    return letters == "s", np.isin(letters, ["s", "w", "d"]), letters == "c"


def test_a_dark_core_between_scar_and_cavity_is_filled() -> None:
    scar, wall, cavity = _plane(
        "wsssssw",
        "wsdddsw",
        "wscccsw",
        "wwcccww",
        "wwwwwww",
    )
    filled = obstruction_filled(scar, wall, cavity)
    assert filled[1, 2:5].all()  # the three d
    assert int(filled.sum()) == int(scar.sum()) + 3


def test_wall_that_reaches_the_epicardium_is_not_filled() -> None:
    scar, wall, cavity = _plane(
        "wswwssw",  # the rim is open at the w: the inner layer is reached from outside
        "wsdddsw",
        "wscccsw",
        "wwcccww",
        "wwwwwww",
    )
    assert np.array_equal(obstruction_filled(scar, wall, cavity), scar)


def test_the_layer_inside_a_mid_wall_stripe_is_not_filled() -> None:
    scar, wall, cavity = _plane(
        "wwwwwww",
        "wwsssww",
        "wwwwwww",
        "wwcccww",
        "wwwwwww",
    )
    assert np.array_equal(obstruction_filled(scar, wall, cavity), scar)


def test_islands_below_the_share_go_and_corners_connect() -> None:
    wall = np.ones((10, 10), dtype=bool)
    scar = np.zeros_like(wall)
    scar[0, 0] = scar[1, 1] = scar[2, 2] = True  # three pixels joined at corners: 3 %
    scar[8, 8] = True  # one pixel: 1 %
    kept = without_islands(scar, wall, 0.02)
    assert kept[0, 0] and kept[2, 2] and not kept[8, 8]
    assert without_islands(scar, wall, 0.0).sum() == 4


def _ring(bright: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    angles = np.arange(0.0, 360.0, 1.0)
    rng = np.random.default_rng(0)
    values = 100.0 + 5.0 * rng.standard_normal(360)
    values[(angles >= bright[0]) & (angles < bright[1])] += 100.0
    values[(angles >= 200.0) & (angles < 270.0)] -= 10.0
    return values, angles


def test_the_remote_sector_is_the_darkest_quiet_one() -> None:
    values, angles = _ring((30.0, 90.0))
    sector = remote_sector(values, angles)
    assert 230.0 <= sector.centre_deg <= 240.0  # the dark stretch is 200 to 270: its 60-degree sectors centre there
    assert sector.mean == pytest.approx(90.0, abs=2.0)
    assert sector.pixels == 60
    assert in_remote_sector(np.array([235.0, 60.0]), sector).tolist() == [True, False]


def test_a_sector_given_by_hand_wins_and_wraps_around() -> None:
    values, angles = _ring((30.0, 90.0))
    sector = given_sector(values, angles, 0.0)
    assert sector.chosen == "manual"
    assert sector.mean == pytest.approx(np.concatenate([values[330:], values[:30]]).mean())
    with pytest.raises(InputError, match=r"\[-360, 360\]"):
        given_sector(values, angles, 1000.0)
    with pytest.raises(MeasurementError, match="choose another angle"):
        given_sector(values[:20], angles[:20], 180.0)


def test_a_slice_without_remote_tissue_borrows_the_mean() -> None:
    def sector(mean: float) -> RemoteSector:
        return RemoteSector(centre_deg=0.0, mean=mean, sd=5.0, used_mean=mean, pixels=30)

    capped = capped_by_examination([sector(100.0), sector(102.0), sector(180.0)])
    assert [item.used_mean for item in capped] == [100.0, 102.0, 102.0]  # the median is 102
    assert [item.borrowed for item in capped] == [False, False, True]


def _body(seed: int) -> np.ndarray:
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    return 100.0 + 2000.0 * ndimage.gaussian_filter(rng.standard_normal((90, 90)), 6.0)


def test_matching_undoes_gain_and_offset_of_every_slice() -> None:
    heart = np.zeros((90, 90), dtype=bool)
    heart[35:55, 35:55] = True
    noise = np.random.default_rng(9).standard_normal((4, 90, 90))
    slices = [_body(1) + item for item in noise]
    gains, offsets = [1.0, 2.0, 0.5, 3.0], [0.0, -50.0, 30.0, 10.0]
    stored = [gain * item + offset for item, gain, offset in zip(slices, gains, offsets, strict=True)]
    scale = common_scale(stored, [heart] * 4)
    assert scale is not None
    # common = gain' x stored + offset' must give the slices back: gain' = 1 / gain, offset' = -offset / gain
    assert scale.gain == pytest.approx([1.0, 0.5, 2.0, 1.0 / 3.0], rel=0.02)
    for item, image, gain, offset in zip(slices, stored, scale.gain, scale.offset, strict=True):
        assert np.abs(gain * image + offset - item).max() < 0.05 * np.ptp(item)


def test_slices_that_do_not_look_alike_are_not_matched() -> None:
    heart = np.zeros((90, 90), dtype=bool)
    heart[35:55, 35:55] = True
    rng = np.random.default_rng(4)
    strangers = [rng.standard_normal((90, 90)), rng.standard_normal((90, 90))]
    # the same surroundings seen in the negative
    assert common_scale([_body(1), -_body(1)], [heart] * 2) is None
    assert common_scale([np.zeros((90, 90)), _body(1)], [heart] * 2) is None
    assert common_scale([strangers[0], strangers[1][:80]], [heart, heart[:80]]) is None


def test_stretched_slices_are_recognised() -> None:
    rng = np.random.default_rng(5)
    full = [rng.normal(300.0, 80.0, (64, 64)) for _ in range(3)]
    eight_bit = [np.rint(255.0 * (item - item.min()) / np.ptp(item)) for item in full]
    assert not rescaled_slice_by_slice(full)
    assert rescaled_slice_by_slice(eight_bit)
    assert rescaled_slice_by_slice([item / 255.0 for item in eight_bit])
    assert rescaled_slice_by_slice([(item - item.min()) / np.ptp(item) for item in full])
    assert not rescaled_slice_by_slice(eight_bit[:1])


def test_the_raw_half_maximum_is_refused_without_a_zero() -> None:
    rng = np.random.default_rng(6)
    heart = np.zeros((60, 60), dtype=bool)
    heart[20:40, 20:40] = True
    magnitude = np.abs(rng.normal(0.0, 5.0, (60, 60))) + 200.0 * heart
    assert raw_refusal([magnitude], [heart], rescaled=False) is None
    assert "near zero" in (raw_refusal([magnitude + 100.0], [heart], rescaled=False) or "")
    assert "below zero" in (raw_refusal([magnitude - 50.0], [heart], rescaled=False) or "")
    assert "zero is lost" in (raw_refusal([magnitude], [heart], rescaled=True) or "")


def _slice_with_island(pixels: int) -> EnhancedSlice:
    """Return a square wall 8 pixels thick with a bright row of `pixels` in its middle."""
    wall = np.zeros((40, 40), dtype=bool)
    wall[4:36, 4:36] = True
    cavity = np.zeros_like(wall)
    cavity[12:28, 12:28] = True
    wall &= ~cavity
    image = np.where(wall, 100.0, np.where(cavity, 200.0, 50.0))
    image[7, 6 : 6 + pixels] = 190.0
    remote = RemoteSector(centre_deg=0.0, mean=100.0, sd=5.0, used_mean=100.0, pixels=60)
    return EnhancedSlice(image=image, wall=wall, cavity=cavity, remote=remote, blood=200.0)


def test_the_gate_adds_neighbouring_slices() -> None:
    # wall: 32 x 32 - 16 x 16 = 768 pixels; 24 bright pixels are 3.1 %
    gate = scar_gate([_slice_with_island(24), _slice_with_island(0), _slice_with_island(24)])
    assert gate.slices_pct == pytest.approx((3.125, 0.0, 3.125))
    assert gate.island_pct == pytest.approx(3.125) and not gate.present
    neighbours = scar_gate([_slice_with_island(0), _slice_with_island(24), _slice_with_island(24)])
    assert neighbours.island_pct == pytest.approx(6.25)
    assert neighbours.limit_pct == GATE_PCT


def test_brightness_at_the_border_of_the_wall_is_no_scar() -> None:
    item = _slice_with_island(0)
    image = item.image.copy()
    image[11, 4:36] = 200.0  # the row beside the cavity: partial volume
    edge = EnhancedSlice(image=image, wall=item.wall, cavity=item.cavity, remote=item.remote, blood=200.0)
    assert scar_gate([edge, edge]).island_pct < 4.0  # only the ends of the row lie inside the wall
