"""The plan for one patient: five questions, five answers, and what is missing."""
