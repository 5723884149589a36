"""A story as Python reads it: typed records, as tables of whatever library is at hand, and live."""
