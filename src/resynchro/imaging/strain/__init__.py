"""Strain curves on one time base, and every index of dyssynchrony with its noise floor."""
