"""What a service is: descriptors, kinds, configuration, targets and retry arithmetic."""

from __future__ import annotations
