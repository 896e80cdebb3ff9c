"""Gated perfusion SPECT: phase, its noise, viability, phantom."""
