"""Programs drawn at random, on a real restate-server and on a virtual one: both must do the same.

A program is a handler of any kind that uses all primitives and calls others like it, and what people do
with it from outside: over the ingress, and over the admin API. What is compared of each, and of all that it
has called: what people were told, the state, and the journal, entry by entry. Ids are mapped, and points in
time left out. `python -m tests.differential.server --programs 20000` plays as many as wanted.
"""
