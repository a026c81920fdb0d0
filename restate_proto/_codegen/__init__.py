"""What generated code imports. `v1` is the first version; each version is a module of its own.

A breaking change gets a new module beside the old one, so that code generated earlier still runs.
"""

from __future__ import annotations
