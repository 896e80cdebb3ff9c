"""Errors that Resynchro raises on purpose.

Every message says what was found, what is allowed and what to do. The command line prints the message and
leaves with status 2; a traceback is always a defect of Resynchro itself.
"""

from __future__ import annotations


class ResynchroError(Exception):
    """Base of every error that Resynchro raises on purpose."""


class InputError(ResynchroError):
    """A file, a folder or a value given by the user cannot be used.

    The only error that leaves the `formats` room.
    """


class MeasurementError(ResynchroError):
    """A readable recording does not allow the asked-for measurement (no beats, all leads flat)."""
