"""Cine MRI: volumes, wall thickness and strain of one examination."""
