"""Mechanical dyssynchrony, volumes, motion, work, scar and phase, all per segment of the left ventricle."""
