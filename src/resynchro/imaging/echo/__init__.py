"""Volumes from echo contours, right-ventricular indices, and their change between visits."""
