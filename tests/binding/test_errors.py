"""The exception tree: who inherits from whom, and that facts are attributes."""

import pickle

import pytest

from razor import _core

TREE: dict[type[Exception], tuple[type[Exception], ...]] = {
    _core.RazorError: (Exception,),
    _core.UnitsError: (_core.RazorError, ValueError),
    _core.SettingsError: (_core.RazorError,),
    _core.DecodeError: (_core.RazorError,),
    _core.JournalError: (_core.RazorError,),
    _core.Corrupt: (_core.JournalError,),
    _core.Gap: (_core.JournalError,),
    _core.StorageError: (_core.RazorError,),
    _core.Cancelled: (_core.RazorError,),
    _core.OrderRefused: (_core.RazorError,),
    _core.RiskRefused: (_core.RazorError,),
    _core.SignatureError: (_core.RazorError,),
    _core.CallRefused: (_core.RazorError,),
    _core.ExchangeRefused: (_core.RazorError,),
    _core.VenueError: (_core.RazorError,),
    _core.Rejected: (_core.VenueError,),
    _core.Throttled: (_core.VenueError,),
    _core.Unreachable: (_core.VenueError,),
}


@pytest.mark.parametrize("exception", TREE, ids=lambda exception: exception.__name__)
def test_exception_is_raised_and_caught_by_its_parents(exception: type[Exception]) -> None:
    assert exception.__bases__ == TREE[exception]
    assert exception.__module__ == "razor._core"
    assert exception.__doc__
    for parent in TREE[exception]:
        with pytest.raises(parent, match="why"):
            raise exception("why")


def test_no_exception_is_missing_from_the_tree() -> None:
    exported = {
        item
        for item in vars(_core).values()
        if isinstance(item, type) and issubclass(item, Exception)
    }
    assert exported == set(TREE)


def test_facts_of_a_refusal_are_attributes() -> None:
    with pytest.raises(_core.UnitsError, match="clamp with min 3 above max 2") as caught:
        _core.Bps.ZERO.clamp(_core.Bps(3), _core.Bps(2))
    refused = caught.value
    assert (refused.reason, refused.min, refused.max) == ("empty_range", 3, 2)
    assert (refused.scale, refused.micros, refused.tick_micros) == (None, None, None)


def test_a_refusal_crosses_processes_with_its_facts() -> None:
    with pytest.raises(_core.UnitsError) as caught:
        _core.Bps.from_prob(2)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (copied.reason, str(copied)) == (caught.value.reason, str(caught.value))
