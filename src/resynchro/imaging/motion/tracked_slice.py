"""The wall of one short-axis slice as points of tissue, followed over the beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.record.finding import Finding

FloatArray = NDArray[np.float64]


#: Name of the second engine.
FLOW_ENGINE = "OpenCV DIS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedSlice:
    """Where every point of the wall of one short-axis slice is in every frame.

    Attributes
    ----------
    points_mm
        Shape (T, levels, angles, 2): (row, column) times the pixel spacing [mm]. Level 0 is the endocardium, the last
        one the epicardium, the middle one halves the area of the wall at end-diastole; angle j lies at
        ``display_deg[j]``. The end-diastolic frame holds the contours themselves, slightly smoothed.
    single_frame_mid_mm
        The middle level from each frame alone, before all frames were fitted together, shape (T, angles, 2) [mm]; its
        scatter tells the noise. None from an engine that treats every frame for itself.
    display_deg
        Shape (angles,), display angle of each column at end-diastole: counter-clockwise from the lateral wall as seen
        from the apex, the anterior insertion at 120 [deg].
    centre_mm
        Centre of the end-diastolic contours, shape (2,) as (row, column) [mm].
    time_s
        Shape (T,) [s].
    rr_s
        Length of the beat [s].
    periodic
        True when the frames cover the whole beat; then the motion was followed both ways round the cycle.
    ed_frame
        Frame that every other frame is compared with.
    inferior_insertion_deg
        Display angle of the inferior insertion, or None where it was not given [deg].
    frame_cost
        Shape (T,): mean weighted squared difference between the frame and the tissue it should show, in units of the
        variance of the end-diastolic samples; large where a frame is not explained by the motion.
    engine
        Name of the tracker.
    """

    points_mm: FloatArray
    single_frame_mid_mm: FloatArray | None
    display_deg: FloatArray
    centre_mm: FloatArray
    time_s: FloatArray
    rr_s: float
    periodic: bool
    ed_frame: int
    inferior_insertion_deg: float | None
    frame_cost: FloatArray
    engine: str
    findings: tuple[Finding, ...] = ()

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.time_s)

    @property
    def mid_wall_mm(self) -> FloatArray:
        """Points on the line that halves the area of the wall, shape (T, angles, 2) [mm]."""
        levels = self.points_mm.shape[1]
        return self.points_mm[:, levels // 2]
