"""Every byte that comes in or goes out: ECG formats and the case folder.

The only room that meets untrusted input; only `InputError` leaves it.
"""
