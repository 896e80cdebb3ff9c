"""Calibration of the target's probability on simulated rings: is the top segment right as often as it says?

Run: python validation/imaging/target/target.py
"""

from __future__ import annotations

import numpy as np

from resynchro.imaging.target.segment_timing_draws import strain_timing
from resynchro.imaging.target.target import find_target
from resynchro.record.strain import CardiacEvents, SegmentCurves

RR_S, FRAMES, RINGS, DRAWS = 0.9, 30, 150, 300
LATEST_DELAY_MS, COUPLING = 126.0, 0.4
#: Angles of the six mid segments, counter-clockwise from the lateral wall.
ARCS = {7: (60, 120), 8: (120, 180), 9: (180, 240), 10: (240, 300), 11: (300, 360), 12: (0, 60)}


def shape(time_ms: np.ndarray) -> np.ndarray:
    """Shortening after activation: half-cosine up from 30 to 360 ms, down until 580 ms."""
    up = (1.0 - np.cos(np.pi * (time_ms - 30.0) / 330.0)) / 2.0
    down = (1.0 + np.cos(np.pi * (time_ms - 360.0) / 220.0)) / 2.0
    return np.where((time_ms >= 30) & (time_ms < 360), up, np.where((time_ms >= 360) & (time_ms < 580), down, 0.0))


def ring(latest_deg: float, peak_pct: float) -> np.ndarray:
    """Circumferential strain of the six mid segments, delay graded by angle, neighbours stretching each other [%]."""
    angle = np.radians(np.arange(360.0))
    time_ms = np.arange(FRAMES) * 1000.0 * RR_S / FRAMES
    delay = LATEST_DELAY_MS * (1.0 + np.cos(angle - np.radians(latest_deg))) / 2.0
    pull = peak_pct * shape(time_ms[None] - delay[:, None])
    strain = -((1.0 + COUPLING) * pull - COUPLING * pull.mean(axis=0))
    rows = [strain[start:end].mean(axis=0) for start, end in ARCS.values()]
    return np.array(rows)


def curves(strain: np.ndarray, noise_pct: float) -> SegmentCurves:
    """Wrap curves with the noise that is told."""
    return SegmentCurves(
        time_s=np.arange(FRAMES) * RR_S / FRAMES,
        rr_s=RR_S,
        segments=tuple(ARCS),
        model="aha17",
        strain_pct=strain - strain[:, :1],
        strain_type="circumferential",
        kind="lagrangian",
        events=CardiacEvents(),
        modality="model",
        engine="simulation",
        noise_pct=np.full(len(ARCS), noise_pct),
        periodic=True,
    )


def main() -> None:
    rng = np.random.default_rng(5)
    print("noise %  rings  mean top probability  right  share above 0.8  right above 0.8  below 0.5")
    for noise_pct in (1.0, 2.0, 4.0):
        told, right = [], []
        for number in range(RINGS):
            clean = ring(rng.uniform(-180.0, 180.0), rng.uniform(10.0, 18.0))
            truth = find_target(strain_timing([curves(clean, 0.5)], draws=1)).segments
            true_latest = max((e for e in truth if e.rank is not None), key=lambda e: e.delay_ms or -np.inf).segment
            noisy = curves(clean + rng.normal(size=clean.shape) * noise_pct, noise_pct)
            target = find_target(strain_timing([noisy], draws=DRAWS, seed=number), seed=number)
            if target.leading is None:
                continue
            told.append(target.of(target.leading).probability or 0.0)
            right.append(target.leading == true_latest)
        told_share, hit = np.array(told), np.array(right)
        sure = told_share > 0.8
        print(
            f"{noise_pct:7.0f}  {len(told):5d}  {told_share.mean():20.2f}  {hit.mean():5.2f}  {sure.mean():15.2f}"
            f"  {hit[sure].mean():15.2f}  {(told_share < 0.5).mean():9.2f}"
        )


if __name__ == "__main__":
    main()
