"""What happened, in words. Imports no other room.

Thought (events, observation, account, detectors, narrator, wording) does no I/O, reads no clock and logs nothing; hands
(journal, story file) touch one outside thing each; `storyteller` and `story_writer` join the two.
"""
