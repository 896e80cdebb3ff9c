"""Where the left-ventricular lead should go: timing, exclusions, veins, views."""
