"""The endpoint of the soak: `restate-proto serve tests.soak.app:endpoint`."""

from __future__ import annotations

from restate_proto import Endpoint
from tests.soak.census import census_on_demand
from tests.soak.services import Book, Clerk, Errand, Mailbox

__all__ = ["endpoint"]

endpoint = Endpoint(Book(), Mailbox(), Clerk(), Errand(), lifespan=census_on_demand)
