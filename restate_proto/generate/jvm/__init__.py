"""What the Java and Kotlin generators share: names, imports, settings and the layout of text."""

from __future__ import annotations
