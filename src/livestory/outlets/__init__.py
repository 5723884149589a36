"""Where the story is heard. Imports story, and no other room."""
