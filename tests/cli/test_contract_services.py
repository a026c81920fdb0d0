"""What commands make of a contract leaves the program's own generated code alone."""

from __future__ import annotations

from pathlib import Path

from restate_proto.cli.contract_services import contract_services
from restate_proto.model.error_types import received_error
from shop.v1.cart_restate import TicketTakenError
from shop.v1.ticket_pb2 import TicketTaken

PROTO = Path(__file__).parents[2] / "proto"


def test_received_errors_stay_of_the_class_of_generated_code() -> None:
    sent = TicketTakenError(TicketTaken(ticket_id="A1"), "taken")
    services = {each.name: each for each in contract_services(PROTO, ())}
    (read,) = services["shop.v1.Cart"].handlers[0].errors or services["shop.v1.Cart"].errors
    assert read.__restate_error__.full_name == "shop.v1.TicketTaken"
    error = received_error(sent.message, sent.code, sent.metadata)
    assert type(error) is TicketTakenError
    assert error.detail == TicketTaken(ticket_id="A1")
