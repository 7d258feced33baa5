"""Paths and answers of the local exchange."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import Answer, Request, Router, answer_of, refusal_answer


def order(request: Request) -> object:
    return request.tail


def make() -> Router:
    router = Router()
    router.add("POST", "/order", order)
    router.add("DELETE", "/order", order)
    router.add("GET", "/data/order/", order)
    return router


def refused(method: str, path: str) -> int:
    with pytest.raises(Refused) as caught:
        make().route(method, path)
    return caught.value.status


def test_a_path_leads_to_its_handler_and_its_variable_end() -> None:
    router = make()
    assert router.route("POST", "/order")[:2] == ("/order", "")
    assert router.route("GET", "/data/order/0xAb_-9")[:2] == ("/data/order/", "0xAb_-9")
    assert router.listed()[0] == ("POST", "/order")


def test_a_path_is_listed_once() -> None:
    router = make()
    with pytest.raises(ValueError, match="POST /order is listed twice"):
        router.add("POST", "/order", order)


@pytest.mark.parametrize(
    "path",
    [
        "/orders",
        "/ORDER",
        "//order",
        "/order/",
        "/data/order/",
        "/data/order/..",
        "/data/order/a/b",
        "/data/order/%2e%2e",
        "/data/order/a b",
        "/data/order/" + "a" * 129,
        "/data/./order/a",
        "",
        "*",
    ],
)
def test_tricks_with_paths_find_nothing(path: str) -> None:
    assert refused("GET", path) in {404, 405}


def test_another_method_on_a_listed_path_is_told_so() -> None:
    assert refused("PUT", "/order") == 405
    assert refused("POST", "/data/order/a") == 405


@given(method=st.text(max_size=8), path=st.text(max_size=60))
def test_any_text_is_routed_or_refused(method: str, path: str) -> None:
    try:
        listed, tail, _ = make().route(method, path)
        found = listed + tail
    except Refused as no:
        found = {404: path, 405: path}[no.status]
    assert found == path


def test_answers_are_json_unless_they_are_answers() -> None:
    assert answer_of({"version": 2}).body == b'{"version":2}'
    as_is = Answer(status=200, body=b"OK", media="text/plain")
    assert answer_of(as_is) is as_is


def test_a_refusal_says_its_text_and_what_stands_beside_it() -> None:
    text = "post-only mode: only post-only orders and cancels are allowed"
    no = Refused(503, text, body={"code": "post_only_mode", "retry_after_seconds": 79})
    answer = refusal_answer(no)
    assert answer.status == 503
    assert msgspec.json.decode(answer.body) == {
        "error": text,
        "code": "post_only_mode",
        "retry_after_seconds": 79,
    }
