"""Bots that are not ours: their own files read as the inputs of a story, and nothing of theirs ever touched."""
