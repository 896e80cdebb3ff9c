"""What is up in short-axis perfusion slices: from angles on the screen to display angles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.record.finding import Finding
from resynchro.record.gated_spect import GatedSpect, SliceOrientation
from resynchro.record.slices import FloatArray

#: Display angle of what a letter of `SliceOrientation` names [deg].
_DISPLAY_DEG = {"A": 90.0, "I": 270.0, "S": 180.0, "L": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayOrientation:
    """How angles on the screen become display angles: display = offset + sense x screen.

    Attributes
    ----------
    offset_deg
        Display angle of what lies to the right in the image [deg].
    sense
        +1 when the image is seen from the apex, -1 when it is a mirror image of that.
    source
        Where it comes from, for people.
    """

    offset_deg: float
    sense: int
    source: str
    findings: tuple[Finding, ...] = ()

    def display_deg(self, screen_deg: FloatArray) -> FloatArray:
        """Return display angles in [0, 360) of angles counter-clockwise from the right of the image [deg]."""
        return np.asarray((self.offset_deg + self.sense * screen_deg) % 360.0)

    def screen_deg(self, display_deg: FloatArray) -> FloatArray:
        """Return angles in the image of display angles [deg]: the inverse of `display_deg`."""
        return np.asarray(((display_deg - self.offset_deg) * self.sense) % 360.0)


def display_orientation(spect: GatedSpect, orientation: SliceOrientation, *, towards_apex: int) -> DisplayOrientation:
    """Fix where anterior and septum lie in the slices.

    Parameters
    ----------
    orientation
        What lies at the top and the left of the image as stored; ``patient`` takes it from the stated geometry:
        anterior is the direction in the slice closest to the head, seen from the apex.
    towards_apex
        +1 when the apex lies at the last slice, -1 at the first.

    Raises
    ------
    MeasurementError
        For ``patient`` where the file states no oblique geometry.

    Notes
    -----
    The head direction lies within some 30 degrees of the anterior wall of the segment model, which is fixed by the
    insertions of the right ventricle; perfusion images do not show these.
    """
    from_patient = _patient_orientation(spect, towards_apex)
    if orientation == "patient":
        if from_patient is None:
            raise MeasurementError(
                "the file states no oblique slice geometry, so the orientation cannot be taken from it; say what "
                "lies at the top and the left of the slices (--orientation, AS: anterior and septum)"
            )
        return from_patient
    top, left = _DISPLAY_DEG[orientation[0]], _DISPLAY_DEG[orientation[1]]
    sense = 1 if (left - top) % 360.0 == 90.0 else -1
    offset = (top - 90.0 * sense) % 360.0
    findings: tuple[Finding, ...] = ()
    if from_patient is not None:
        apart = abs((from_patient.offset_deg - offset + 180.0) % 360.0 - 180.0)
        if from_patient.sense != sense or apart > 50.0:
            words = "a mirror image of" if from_patient.sense != sense else f"turned by {apart:.0f} degrees against"
            message = (
                f"the geometry that the file states is {words} the assumed display ({orientation}); if the segments "
                "look wrong, use the orientation 'patient' or name what lies at the top and left"
            )
            findings = (Finding(code="orientation-contradicts", message=message),)
    names = {"A": "anterior", "I": "inferior", "S": "septum", "L": "lateral wall"}
    source = f"{names[orientation[0]]} at the top and {names[orientation[1]]} at the left of the slices"
    source += ", by convention" if orientation == "AS" else ", as given"
    return DisplayOrientation(offset_deg=offset, sense=sense, source=source, findings=findings)


def _patient_orientation(spect: GatedSpect, towards_apex: int) -> DisplayOrientation | None:
    if spect.geometry is None or spect.slice_step_mm is None:
        return None
    apex = spect.slice_step_mm / np.linalg.norm(spect.slice_step_mm) * towards_apex
    if float(np.abs(apex).max()) > 0.98:  # along an axis of the patient: slices that were never placed in the patient
        return None
    head = np.array([0.0, 0.0, 1.0])
    anterior = head - (head @ apex) * apex
    anterior /= np.linalg.norm(anterior)
    lateral = np.cross(-apex, anterior)  # right of a viewer at the apex who looks to the base, head up
    right, up = spect.geometry.column_direction, -spect.geometry.row_direction
    offset = math.degrees(math.atan2(float(right @ anterior), float(right @ lateral)))
    upwards = math.degrees(math.atan2(float(up @ anterior), float(up @ lateral)))
    sense = 1 if (upwards - offset) % 360.0 < 180.0 else -1
    return DisplayOrientation(offset_deg=offset % 360.0, sense=sense, source="from the slice geometry in the file")
