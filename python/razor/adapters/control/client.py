"""Asking a running process, from another one.

Owns: :class:`ControlClient`. Must never: talk to a socket that is not this user's alone, go through
a proxy, or ask twice: a command that got no answer may have taken effect.
"""

from pathlib import Path

import httpx
import msgspec

from razor.adapters.control.place import is_listening, require_own
from razor.domain.control import CommandVerb, ControlFile, Status, decode_status
from razor.domain.errors import CommandRefused, ControlError

__all__ = ["ControlClient"]

_BASE = "http://razor/v1"
_TIMEOUT = httpx.Timeout(8.0, connect=2.0)
_OK = 200
_CONFLICT = 409


class _Failure(msgspec.Struct):
    """What a refusal says."""

    message: str = "the run gave no reason"
    remedy: str = ""
    reason: str = ""
    cause: str = ""
    unresolved: int = 0


class ControlClient:
    """The control API of one run, by its control file."""

    def __init__(self, control: ControlFile) -> None:
        """Ask nothing yet."""
        self._control = control

    def status(self) -> Status:
        """Ask where the run stands. Errors: :class:`ControlError`."""
        return self._ask("GET", "status", None)

    def command(self, verb: CommandVerb, reason: str) -> Status:
        """Give a command and get what is true after it.

        Errors: :class:`CommandRefused`, :class:`ControlError`.
        """
        return self._ask("POST", verb.value, {"reason": reason})

    def _ask(self, method: str, name: str, body: dict[str, str] | None) -> Status:
        require_own(Path(self._control.socket))
        if not is_listening(Path(self._control.socket)):
            raise self._nobody()
        try:
            # Nothing of the environment: a proxy has no business here.
            with httpx.Client(
                transport=httpx.HTTPTransport(uds=self._control.socket),
                timeout=_TIMEOUT,
                trust_env=False,
            ) as client:
                answer = client.request(method, f"{_BASE}/{name}", json=body)
        except httpx.ConnectError:
            raise self._nobody() from None
        except httpx.HTTPError as error:
            raise ControlError(
                f"process {self._control.pid} did not answer ({type(error).__name__}): whether "
                f"{name} took effect is unknown",
                cause="NO_ANSWER",
                remedy="ask again with razor status",
            ) from None
        if answer.status_code == _OK:
            return decode_status(answer.content)
        raise _failure(answer)

    def _nobody(self) -> ControlError:
        control = self._control
        return ControlError(
            f"no running process: process {control.pid} of run {control.run_id} left its "
            "control.json behind and nobody listens",
            cause="NO_PROCESS",
            remedy="it did not end in order: the next start of razor run goes on from there",
        )


def _failure(answer: httpx.Response) -> CommandRefused | ControlError:
    try:
        found = msgspec.json.decode(answer.content, type=_Failure)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        found = _Failure()
    if answer.status_code == _CONFLICT:
        return CommandRefused(
            found.message, reason=found.reason, unresolved=found.unresolved, remedy=found.remedy
        )
    return ControlError(found.message, cause=found.cause or "HTTP", remedy=found.remedy)
