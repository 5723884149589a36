"""A period of a story in one paragraph: what it came to, what happened, where it stands, what is asked of you."""
