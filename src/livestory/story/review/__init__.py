"""A story at a glance: its figures, months, round trips and key moments; what page, report and `Story` show alike."""
