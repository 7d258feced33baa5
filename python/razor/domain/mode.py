"""The mode of a run and the gates between a signal and a real order.

Owns: how ``--mode`` and ``RAZOR_MODE`` are read, and :func:`resolve_gates`, a pure function from
everything that may open the way to the venue to one :class:`GateVector`. The vector stands in the
manifest of every run, so that anyone can see afterwards why orders were possible or not.

Invariants:

- exactly one combination of the six gates gives :attr:`OrderPath.REAL` (S-19);
- ``dry_run`` gives :attr:`OrderPath.NONE` whatever else is set;
- ``live`` with ``live.enabled = true`` and any gate shut starts nothing: it never falls back to
  the simulator, because the user asked for real orders and must learn that there are none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from razor.domain.errors import GateRefused, Problem, SettingsError
from razor.domain.settings.tree import Settings

__all__ = [
    "Facts",
    "Gate",
    "GateVector",
    "Mode",
    "ModeChoice",
    "OrderPath",
    "admit",
    "choose_mode",
    "resolve_gates",
]

MODE_VARIABLE = "RAZOR_MODE"
CONFIRM_VARIABLE = "RAZOR_LIVE_CONFIRM"
MODE_OPTION = "--mode"

_SHOWN = 40


class Mode(Enum):
    """What a run may do."""

    DRY_RUN = "dry_run"
    LIVE = "live"


class OrderPath(Enum):
    """Where an order of this run ends."""

    NONE = "none"
    SIM = "sim"
    REAL = "real"
    REFUSED = "refused"


class Gate(Enum):
    """One condition for real orders; the value is what the user has to do to open it."""

    MODE_WORD = "say --mode live: live_sim asks for simulation while live.enabled = true does not"
    CONFIRM = "set RAZOR_LIVE_CONFIRM=1 in the environment of this start"
    CAPS = "give every cap in [risk] a value above 0"
    DURABLE = "set oms.durable_intents = true: no real order leaves before it is on disk"
    VERDICT = (
        "seal a Day-14 verdict GO with sufficient evidence (razor report day14), "
        "or write a reason in live.accept_no_verdict"
    )
    DOCTOR = "run razor doctor until it passes for this account and protocol version"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChoice:
    """The mode, who chose it (``--mode``, ``RAZOR_MODE`` or ``default``), and the alias used."""

    mode: Mode
    chosen_by: str
    is_sim_word: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What other parts of razor have proven about this account.

    ``has_sealed_go``: a sealed GO verdict with sufficient evidence verifies.
    ``has_doctor_passed``: ``razor doctor`` passed for this account and protocol version.
    """

    has_sealed_go: bool = False
    has_doctor_passed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVector:
    """The state of every gate at the start of a run, and where its orders end."""

    choice: ModeChoice
    is_live_enabled: bool
    is_confirmed: bool
    has_caps: bool
    has_sealed_go: bool
    verdict_waiver: str
    has_doctor_passed: bool
    order_path: OrderPath
    shut: tuple[Gate, ...]


_WORDS = {
    "dry_run": (Mode.DRY_RUN, False),
    "dryrun": (Mode.DRY_RUN, False),
    "live": (Mode.LIVE, False),
    "live_sim": (Mode.LIVE, True),
    "livesim": (Mode.LIVE, True),
}


def choose_mode(option: str | None, environment: Mapping[str, str]) -> ModeChoice:
    """Read the mode: the option wins over the environment, neither means ``dry_run``.

    Words are trimmed and read in any case; ``dryrun``, ``live_sim`` and ``livesim`` are the
    predecessor's spellings. Errors: :class:`SettingsError` naming the gate for any other word.
    """
    if option is not None:
        return _read_word(option, chosen_by=MODE_OPTION)
    text = environment.get(MODE_VARIABLE)
    if text is not None:
        return _read_word(text, chosen_by=MODE_VARIABLE)
    return ModeChoice(mode=Mode.DRY_RUN, chosen_by="default")


def resolve_gates(
    mode_option: str | None,
    environment: Mapping[str, str],
    settings: Settings,
    facts: Facts,
) -> GateVector:
    """Decide where the orders of a run end.

    Pure. Errors: :class:`SettingsError` when the mode is an unknown word. A vector with
    :attr:`OrderPath.REFUSED` must not start: :func:`admit` turns it into the refusal.
    """
    choice = choose_mode(mode_option, environment)
    waiver = settings.live.accept_no_verdict.strip()
    # Only "1": this gate is a deliberate act, not a flag with spellings.
    is_confirmed = environment.get(CONFIRM_VARIABLE, "").strip() == "1"
    has_caps = _has_caps(settings)
    is_open = {
        Gate.MODE_WORD: not choice.is_sim_word,
        Gate.CONFIRM: is_confirmed,
        Gate.CAPS: has_caps,
        Gate.DURABLE: settings.oms.durable_intents,
        Gate.VERDICT: facts.has_sealed_go or waiver != "",
        Gate.DOCTOR: facts.has_doctor_passed,
    }
    is_asked = choice.mode is Mode.LIVE and settings.live.enabled
    shut = tuple(gate for gate in Gate if is_asked and not is_open.get(gate, False))
    return GateVector(
        choice=choice,
        is_live_enabled=settings.live.enabled,
        is_confirmed=is_confirmed,
        has_caps=has_caps,
        has_sealed_go=facts.has_sealed_go,
        verdict_waiver=waiver,
        has_doctor_passed=facts.has_doctor_passed,
        order_path=_order_path(choice.mode, is_enabled=settings.live.enabled, shut=shut),
        shut=shut,
    )


def admit(vector: GateVector) -> OrderPath:
    """Give the order path of a vector that may start.

    Errors: :class:`GateRefused` that names every gate that is shut and how to open it.
    """
    if vector.order_path is not OrderPath.REFUSED:
        return vector.order_path
    names = [gate.name for gate in vector.shut]
    message = f"real orders are refused: shut gates {', '.join(names)}"
    remedy = "; ".join(gate.value for gate in vector.shut)
    raise GateRefused(message, shut=names, remedy=remedy)


def _order_path(mode: Mode, *, is_enabled: bool, shut: tuple[Gate, ...]) -> OrderPath:
    if mode is Mode.DRY_RUN:
        return OrderPath.NONE
    if not is_enabled:
        return OrderPath.SIM
    return OrderPath.REFUSED if shut else OrderPath.REAL


def _has_caps(settings: Settings) -> bool:
    risk = settings.risk
    caps = (
        risk.max_exposure_usdc,
        risk.max_signal_usdc,
        risk.max_day_loss_usdc,
        risk.max_orders_per_min,
        risk.max_open_orders,
        risk.max_event_exposure_usdc,
        risk.max_loss_streak,
    )
    return all(cap > 0 for cap in caps)


def _read_word(text: str, *, chosen_by: str) -> ModeChoice:
    known = _WORDS.get(text.strip().lower())
    if known is not None:
        mode, is_sim_word = known
        return ModeChoice(mode=mode, chosen_by=chosen_by, is_sim_word=is_sim_word)
    problem = Problem(
        key=chosen_by,
        found=f"the mode {text[:_SHOWN]!a}",
        allowed="dry_run or live",
        remedy="correct it or leave it out for dry_run",
    )
    source = "command line" if chosen_by == MODE_OPTION else "environment"
    raise SettingsError(source=source, problems=(problem,))
