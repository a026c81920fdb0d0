"""The version of this library that is installed: `restate_proto.__version__`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("restate-proto")
except PackageNotFoundError:  # run from a checkout
    __version__ = "dev"
