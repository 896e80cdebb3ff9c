"""Myocardial work: pressure-strain loops from measured or estimated pressure."""
