"""The commands, one a file: what is asked for, and who does it."""
