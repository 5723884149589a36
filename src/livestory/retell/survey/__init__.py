"""What the first rows of a table say of how all of it is to be read; `surveyed` is the way through."""
