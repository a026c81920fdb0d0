"""The project's state machine against the one that most official SDKs run on.

Random handlers run on both in lockstep: the same bytes, in the same pieces; after each step both must
have written the same frames, and given the same results. `make differential` plays as many as wanted.
"""
