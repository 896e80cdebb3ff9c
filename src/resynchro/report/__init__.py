"""One self-contained HTML file from a result and its pictures."""
