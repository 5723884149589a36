"""The live page: one process that reads journals and serves them to browsers, and can slow no trade.

A thread per story follows its journal (`followed_story`); requests are answered from what it has read and from a reader
of their own (`api`); lines go out to every listener as server-sent events (`stream`, `listeners`). The `gate` stands
before all of it.
"""
