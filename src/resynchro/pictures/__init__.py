"""Pictures: data in, matplotlib figures out; true in millimetres, and the same bytes for the same data."""
