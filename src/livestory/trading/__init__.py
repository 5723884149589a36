"""The bot whose story is told."""
