"""How the heart usually lies in the body: the directions that place a heart of unknown position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def _fixed(*values: float) -> FloatArray:
    direction = np.array(values)
    direction.setflags(write=False)
    return direction


#: From the centre of the mitral valve to the apex: left, forward and down. Body axes (LPS), unit length.
#: Mean of four people lying on their back in a scanner: three with cine MRI contours (biv-me, Mauger et al. 2018,
#: doi:10.1109/EMBC.2018.8512394) and one biventricular mesh (crtdemo): (0.39 -0.55 -0.74), (0.51 -0.65 -0.57),
#: (0.61 -0.55 -0.57), (0.64 -0.60 -0.48). In the frontal plane it points 48 degrees below the horizontal; computed
#: tomography of 59 people without heart disease gave 49.1 +- 8.1 degrees (Sathananthan et al. Br J Cardiol 2015;22,
#: abstract; the journal paper doi:10.5837/bjc.2015.016 gives 38.1 +- 7.8).
STANDARD_LONG_AXIS: FloatArray = _fixed(0.54398, -0.59188, -0.59478)

#: From the LV axis to the middle of the septum, at right angles to the long axis: right and forward. The same four
#: people: (-0.88 -0.46 -0.12), (-0.78 -0.62 0.01), (-0.73 -0.66 -0.15), (-0.76 -0.59 -0.27).
STANDARD_SEPTAL_DIRECTION: FloatArray = _fixed(-0.79571, -0.58884, -0.14178)

#: From the LV axis to the anterior RV insertion: 60 degrees from the middle of the septum towards front and head, as in
#: the 17 segments. Insertions marked on images of two of the four: (-0.35 -0.83 0.44) and (-0.15 -0.79 0.59) mid-level.
STANDARD_ANTERIOR_DIRECTION: FloatArray = _fixed(-0.16722, -0.77108, 0.61438)


def standard_heart_axes() -> FloatArray:
    """Return the usual directions of the heart in the body.

    Returns
    -------
    ndarray
        Shape (3, 3), rows of unit length at right angles to each other, in body axes (left, back, head): base to apex;
        LV axis to the middle of the septum; LV axis to the anterior wall (septum x long axis).

    Notes
    -----
    People differ: standard deviation about 8 degrees in the frontal plane by computed tomography (reference above).
    Position is a parameter of every fit to an ECG.
    """
    long_axis = STANDARD_LONG_AXIS / np.linalg.norm(STANDARD_LONG_AXIS)
    septum = STANDARD_SEPTAL_DIRECTION - (STANDARD_SEPTAL_DIRECTION @ long_axis) * long_axis
    septum /= np.linalg.norm(septum)
    return np.stack([long_axis, septum, np.cross(septum, long_axis)])
