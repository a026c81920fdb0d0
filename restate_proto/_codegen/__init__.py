"""What generated code imports: one module per version of that contract, `v1` being the first.

A breaking change gets a new module beside the old one, so that code generated earlier still runs.
"""

from __future__ import annotations
