"""The status page and the description of the routes."""

import json

from razor.adapters.sandbox.openapi import ROUTES, describe, written
from tests.sandbox.trader import Place


def test_every_route_is_described_and_nothing_else() -> None:
    place = Place()
    served = {
        service.name: {written(*route) for route in service.router.listed()}
        for service in place.sandbox.services
        if service.name != "status"
    }
    assert served == {name: set(routes) for name, routes in ROUTES.items()}


def test_the_description_names_paths_parameters_and_headers() -> None:
    place = Place()
    document = place.ask("GET", "/openapi/clob", service="status").json
    assert document == json.loads(json.dumps(describe("clob", place.service("clob").url)))
    order = document["paths"]["/order"]["post"]
    (needed,) = order["security"]
    headers = {document["components"]["securitySchemes"][name]["name"] for name in needed}
    assert headers == {
        "POLY_ADDRESS",
        "POLY_API_KEY",
        "POLY_PASSPHRASE",
        "POLY_TIMESTAMP",
        "POLY_SIGNATURE",
    }
    assert document["paths"]["/data/order/{id}"]["get"]["parameters"][0]["name"] == "id"
    assert place.ask("GET", "/openapi/moon", service="status").status == 404


def test_the_page_shows_markets_accounts_and_how_to_point_clients_here() -> None:
    place = Place()
    place.trader(0).post(place.token(0), "BUY", 40, 10)
    page = place.ask("GET", "/status", service="status").text.decode()
    for part in ("Made-up coin: heads?", "0.4", "ClobClient(", "create_environment", "100000"):
        assert part in page
    facts = place.ask("GET", "/status.json", service="status").json
    assert facts["markets"][0]["bid"] == "0.4"
    assert facts["facts"]["calls of clob"] == 2
