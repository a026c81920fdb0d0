"""What the generators for Java and Kotlin share: names of classes and methods, imports, layout."""

from __future__ import annotations
