"""Electrical twin: travel times, sources and devices, body-surface ECG, fit to a measured ECG."""
