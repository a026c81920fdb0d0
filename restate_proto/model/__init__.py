"""What a service is: descriptors, kinds, names, keys, configuration, targets and retry policies."""

from __future__ import annotations
