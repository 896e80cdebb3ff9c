"""Who is a candidate: guideline rules and the quality and quantity of dyssynchrony against the trials."""
