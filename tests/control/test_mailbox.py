"""A question is run once, in the owner's thread, or answered by an error."""

import threading
from concurrent.futures import CancelledError
from functools import partial

import pytest

from razor.adapters.control.mailbox import Mailbox
from razor.domain.errors import CommandRefused, ControlError, StorageError


def refusing() -> bytes:
    raise CommandRefused("no", reason="NO")


def failing() -> bytes:
    raise OSError("disk")


def test_questions_are_answered_in_order_by_whoever_serves() -> None:
    mailbox, ran = Mailbox(), list[tuple[int, int]]()

    def question(number: int) -> bytes:
        ran.append((number, threading.get_ident()))
        return bytes([number])

    answers = [mailbox.ask(partial(question, number)) for number in range(3)]
    assert not any(answer.done() for answer in answers)
    mailbox.serve()
    assert [answer.result(0) for answer in answers] == [b"\x00", b"\x01", b"\x02"]
    assert ran == [(number, threading.get_ident()) for number in range(3)]


def test_a_question_that_was_taken_back_is_never_run() -> None:
    mailbox, ran = Mailbox(), list[int]()

    def question() -> bytes:
        ran.append(1)
        return b"x"

    answer = mailbox.ask(question)
    assert answer.cancel()
    mailbox.serve()
    assert ran == []
    with pytest.raises(CancelledError):
        answer.result(0)


def test_a_refusal_is_for_the_asker_alone_and_a_fault_ends_the_owner() -> None:
    mailbox = Mailbox()
    refused, failed = mailbox.ask(refusing), mailbox.ask(failing)
    with pytest.raises(OSError, match="disk"):
        mailbox.serve()
    assert isinstance(refused.exception(0), CommandRefused)
    assert isinstance(failed.exception(0), ControlError)
    assert not isinstance(failed.exception(0), StorageError)


def test_after_the_end_every_question_is_answered_by_it() -> None:
    mailbox = Mailbox()
    woken: list[int] = []
    mailbox.on_question(lambda: woken.append(1))
    early = mailbox.ask(lambda: b"")
    mailbox.close()
    late = mailbox.ask(lambda: b"")
    mailbox.serve()
    for answer in (early, late):
        error = answer.exception(0)
        assert isinstance(error, ControlError)
        assert error.cause == "NO_PROCESS"
    assert len(woken) == 2, "once at the beginning, once for the early question"


def test_who_listens_late_is_woken_for_what_waits() -> None:
    mailbox, woken = Mailbox(), threading.Event()
    mailbox.ask(lambda: b"")
    mailbox.on_question(woken.set)
    assert woken.is_set()
    mailbox.on_question(None)
    woken.clear()
    mailbox.ask(lambda: b"")
    assert not woken.is_set()
