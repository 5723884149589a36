"""What may come into a story from outside of its process, as JSON: by `livestory tell` and `livestory listen`."""
