"""The plugin `restate-proto-buf`, which applies Restate's rules in `buf lint` and `buf breaking`.

`rules.py` lists the rules, `check.py` applies them to the files that buf sends, and `rpc.py` speaks
buf's protocol. buf expects paths in descriptors, which it turns into lines and columns itself;
`places.py` finds those paths.
"""

from __future__ import annotations
