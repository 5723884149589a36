"""What livestory takes, each figure against a baseline of the same run; `make bench`."""
