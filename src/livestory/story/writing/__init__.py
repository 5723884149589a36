"""How inputs become durable: at once in a bot's own loop, or on threads of the story's own in another's."""
