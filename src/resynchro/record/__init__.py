"""What is known about one patient, as frozen data with units in the field names. No files, no plots."""
