"""Geometry of the heart: template, mesh, ventricular coordinates, fibres, segments, veins, fit to a patient."""
