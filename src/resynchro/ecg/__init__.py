"""Electrical dyssynchrony: beats, QRS limits, morphology, vectorcardiogram, QRS area, pacing, comparison."""
