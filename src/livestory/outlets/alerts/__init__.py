"""Alerts: the lines of a story on a phone, delivered at least once and told apart where they come twice."""
