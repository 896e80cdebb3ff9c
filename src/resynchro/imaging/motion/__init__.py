"""Following the wall in short-axis cine, and the phantom that it is tested on."""
