"""The story of a bot that is heard over HTTP: what its sender posts becomes durable before it is answered.

Whoever has the token may post, and each source by a secret of its own (`sources`). The `gate` stands before the `app`,
which hands all inputs to the one thread that writes the story (`teller`).
"""
