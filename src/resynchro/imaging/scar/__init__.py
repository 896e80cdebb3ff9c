"""Scar from late enhancement: thresholds, transmurality per segment, phantom."""
