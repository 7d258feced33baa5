"""One book through the binding: what Python sees is what the world's maker planted."""

import json
from pathlib import Path

import pytest

from razor import _core
from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings, settings_hash

START_NS = 1_800_000_000_000_000_000


@pytest.fixture
def session(tmp_path: Path) -> _core.Session:
    capture = tmp_path / "world.jsonl.zst"
    _core.world_capture(capture, 3, START_NS, 2_000)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    opened = _core.Session.open(
        run_dir,
        run_id="r",
        build_id="b",
        settings_sha256=bytes.fromhex(settings_hash(Settings())),
        params=params_record("r", Settings(), rules=Rules.VENUE),
        is_live=False,
        now_ns=0,
    )
    opened.pump(_core.Source.capture(capture), START_NS + 10**12, 10**6)
    return opened


def tokens(session: _core.Session) -> list[str]:
    return [token for token, *_ in session.liveness()[0]]


def test_the_no_book_is_the_mirror_of_the_yes_book(session: _core.Session) -> None:
    yes, no = (session.book(token) for token in tokens(session)[:2])
    assert yes is not None
    assert no is not None
    assert [(1_000_000 - price, qty) for price, qty in yes.bids] == no.asks
    assert [(1_000_000 - price, qty) for price, qty in yes.asks] == no.bids
    assert (yes.state, no.state) == ("Live", "Live")


def test_levels_stand_best_first_on_the_grid(session: _core.Session) -> None:
    for token in tokens(session):
        book = session.book(token)
        assert book is not None
        bids = [price for price, _ in book.bids]
        asks = [price for price, _ in book.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert all(price % book.tick_micros == 0 for price in bids + asks)
        assert bids[0] < asks[0]


def test_an_unknown_token_has_no_book(session: _core.Session) -> None:
    assert session.book("no such token") is None


def test_counts_are_those_of_the_tables(session: _core.Session) -> None:
    counters, integrity = json.loads(session.counts_json())
    assert integrity["markets"] * 2 == len(tokens(session))
    assert counters["ticks_processed"] > 0


def test_a_closed_session_takes_nothing(session: _core.Session) -> None:
    session.close()
    with pytest.raises(ValueError, match="closed"):
        session.book("x")
    with pytest.raises(ValueError, match="closed"):
        session.close()
