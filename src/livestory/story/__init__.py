"""What happened, in words. Imports no other room.

Thought (inputs, kinds, account, detectors, narrator, line, wording) does no I/O, reads no clock and logs nothing. Hands
touch one outside thing each: `journal` the database, `files` what lies beside it. `writing` joins the two.
"""
