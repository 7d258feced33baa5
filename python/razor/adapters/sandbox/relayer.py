"""The relayer: takes signed batches of wallets and brings them to the chain, which is the ledger.

Owns: `Relayer`, its answers, and the life of a transaction.

Must never: move anything that its owner or session key did not sign; have two batches of one
wallet under way; read a machine's clock or draw a random number (ids come from seed and count).

States, in text:

    NEW -> EXECUTED -> MINED -> CONFIRMED      EXECUTED -> FAILED (reverted)
    NEW -> INVALID (no node would send it)

A wallet's nonce counts its mined batches; one that failed as a whole can be sent again as it is.
The ledger does one action of a wallet at a time: a batch of several ends after as many blocks, and
when a later one reverts, the earlier ones stay, which the chain would undo. `error_msg` says so.
"""

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from razor import _core
from razor.adapters.sandbox.deeds import Deeds
from razor.adapters.sandbox.refusal import TOO_MANY, Refused
from razor.adapters.sandbox.relayer_calls import Grants, Impossible, Move, Planner, read_acts
from razor.adapters.sandbox.relayer_keys import RelayerKeys, Sender
from razor.adapters.sandbox.relayer_wire import (
    Kind,
    Submission,
    may_move,
    read_submission,
    wallets_of_kind,
)
from razor.adapters.sandbox.router import Request, Router

BUSY: Final = "wallet busy: active action in progress"
IN_FLIGHT: Final = "wallet has in-flight action"
REVERTED: Final = "execution reverted"
MAX_SUBMITS: Final = 25
"""Batches that one caller may submit in any minute."""
_MINUTE_NS: Final = 60_000_000_000
_S_NS: Final = 1_000_000_000
_MS_NS: Final = 1_000_000
_KEPT: Final = 100_000
"""Ended transactions that stay known."""


class Ground(Protocol):
    """What the relayer stands on: the ledger, its time, and whose accounts there are."""

    @property
    def exchange(self) -> _core.Exchange:
        """The ledger."""
        ...

    def now_ns(self) -> int:
        """Time in ns since the epoch, never before what it was."""
        ...

    def wake(self) -> None:
        """Let the ledger do what is due by now."""
        ...

    def account_of(self, address: str) -> int | None:
        """The account of a wallet."""
        ...

    def open_account(self, address: str, *, is_approved: bool) -> int:
        """Open the account of a wallet."""
        ...

    def wallets_signed_by(self, signer: str) -> list[str]:
        """The wallets for which an address is a session key, in any case of letters."""
        ...

    def group_of(self, key: str) -> int | None:
        """The ledger's group of a neg-risk id of 64 hex digits, or of an event id of 58."""
        ...


class State(StrEnum):
    """Where a transaction is, by the venue's words."""

    NEW = "STATE_NEW"
    EXECUTED = "STATE_EXECUTED"
    MINED = "STATE_MINED"
    CONFIRMED = "STATE_CONFIRMED"
    FAILED = "STATE_FAILED"
    INVALID = "STATE_INVALID"


_ENDED: Final = frozenset({State.CONFIRMED, State.FAILED, State.INVALID})


class Fate(StrEnum):
    """What befalls a batch: it is never mined, reverts, or no node sends it."""

    STUCK = "stuck"
    REVERTED = "reverted"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the relayer and the chain take, in ms.

    `broadcast_ms`: until a batch is sent. `block_ms`: until what the ledger does at once, as
    approvals, is in a block; its actions have delays of their own. `confirm_ms`: until it is final.
    """

    broadcast_ms: int = 500
    block_ms: int = 2_000
    confirm_ms: int = 8_000


@dataclass(slots=True, kw_only=True)
class _Job:
    """One transaction; `at` is the move that is next or under way, `action` that of the ledger."""

    transaction_id: str
    sender: str
    wallet: str
    deadline_s: int | None
    is_counted: bool
    moves: list[Move]
    due_ns: int | None
    fate: Fate | None
    error: str = ""
    state: State = State.NEW
    at: int = 0
    action: int | None = None
    transaction_hash: str = ""


@dataclass(slots=True)
class _Desk:
    """All transactions, those under way by wallet, and what is counted."""

    jobs: dict[str, _Job] = field(default_factory=dict[str, _Job])
    active: dict[str, _Job] = field(default_factory=dict[str, _Job])
    ended: deque[str] = field(default_factory=deque[str])
    nonces: dict[str, int] = field(default_factory=dict[str, int])
    submits: dict[str, deque[int]] = field(default_factory=dict[str, deque[int]])
    fates: deque[Fate] = field(default_factory=deque[Fate])
    count: int = 0


class Relayer:
    """The relayer of one venue. Belongs to one thread.

    Call `step` when `due_ns` has come, and after the ledger was woken; every call steps by itself.
    """

    def __init__(
        self,
        ground: Ground,
        keys: RelayerKeys,
        *,
        seed: int,
        pace: Pace | None = None,
        max_submits: int | None = MAX_SUBMITS,
    ) -> None:
        """Nothing is under way. `max_submits` of one caller in a minute; None is without limit."""
        self._ground = ground
        self._keys = keys
        self._seed = seed.to_bytes(16, "big", signed=True)
        self._pace = pace or Pace()
        self._max_submits = max_submits
        self._desk = _Desk()
        self.grants = Grants(ground.exchange)
        self.deeds = Deeds()
        self._planner = Planner(
            ground.exchange,
            self.grants,
            self.deeds,
            account_of=ground.account_of,
            group_of=ground.group_of,
        )

    def mount(self, router: Router) -> None:
        """List the relayer's calls."""
        router.add("GET", "/deployed", self._deployed)
        router.add("GET", "/nonce", self._nonce)
        router.add("GET", "/relay-payload", self._relay_payload)
        router.add("GET", "/v1/account/transactions/params", self._params)
        router.add("GET", "/v1/account/transactions/", self._transaction)
        router.add("POST", "/submit", self._submit)

    @property
    def relay(self) -> str:
        """The address that sends for proxy wallets, which they sign."""
        return _core.checksum_address("0x" + self._draw("relay")[:20].hex())

    def doom(self, fate: Fate) -> None:
        """Let the next batch that is taken have this fate, after those doomed before."""
        self._desk.fates.append(fate)

    def release(self, transaction_id: str) -> None:
        """Let a batch that is stuck go on."""
        job = self._desk.jobs.get(transaction_id)
        if job is not None and job.fate is Fate.STUCK:
            job.fate = None
            job.due_ns = self._ground.now_ns()

    def due_ns(self) -> int | None:
        """When the relayer does something by itself next; what waits for the ledger is not told."""
        due = [job.due_ns for job in self._desk.active.values() if job.due_ns is not None]
        return min(due, default=None)

    def step(self) -> None:
        """Let every transaction go as far as it can by now."""
        self._ground.wake()
        now_ns = self._ground.now_ns()
        for job in list(self._desk.active.values()):
            while self._advance(job, now_ns):
                pass

    def _deployed(self, request: Request) -> object:
        """Whether a wallet is there: asked before anything else, and without a key."""
        self.step()
        address = _address(request)
        if "type" in request.query:
            _kind(request)
        return {"deployed": self._ground.account_of(address) is not None}

    def _nonce(self, request: Request) -> object:
        """The nonce alone, as older clients ask for it; without a key."""
        self.step()
        return {"nonce": self._nonce_of(_address(request), _kind(request))}

    def _relay_payload(self, request: Request) -> object:
        """The nonce and the address that sends: what a proxy wallet signs."""
        self.step()
        return {"address": self.relay, "nonce": self._nonce_of(_address(request), _kind(request))}

    def _params(self, request: Request) -> object:
        """The nonce of an owner's or session key's wallet."""
        self._keys.check(request.call)
        self.step()
        address = _address(request)
        return {"address": address, "nonce": self._nonce_of(address, _kind(request))}

    def _transaction(self, request: Request) -> object:
        """Where a transaction is. It is shown to the key that submitted it, to nobody else.

        A reason stands beside the states that end badly; the hash is there once it is mined.
        """
        sender = self._keys.check(request.call)
        self.step()
        job = self._desk.jobs.get(request.tail)
        if job is None or job.sender != sender.name:
            raise Refused(404, "transaction not found")
        return {
            "transaction_id": job.transaction_id,
            "state": job.state.value,
            "transaction_hash": job.transaction_hash,
            "error_msg": job.error if job.state in _ENDED and job.error else None,
        }

    def _submit(self, request: Request) -> object:
        """Take a batch: limit, key, signature, whose wallet, turn, calls, in this order.

        What was taken is answered at once, also where no node will send it.
        """
        now_ns = self._ground.now_ns()
        self._count_submit(request.caller, now_ns)
        sender = self._keys.check(request.call)
        submission = read_submission(request.call.body)
        self._check_sender(sender, submission)
        self.step()
        self._check_turn(submission, now_ns)
        acts = read_acts(submission.calls, is_session=submission.is_session)
        job = self._take(sender, submission, now_ns)
        try:
            job.moves = self._moves(submission, acts)
        except Impossible as why:
            job.error = str(why)
        return {"transactionID": job.transaction_id, "state": job.state.value}

    def _nonce_of(self, signer: str, kind: Kind) -> str:
        """The nonce of the signer's wallet; of the older deposit wallet where both are there."""
        wallets = [
            _core.checksum_address(wallet) for wallet in self._ground.wallets_signed_by(signer)
        ]
        if kind is not Kind.WALLET or not wallets:
            wallets = wallets_of_kind(signer, kind)
        there = [it for it in wallets if self._ground.account_of(it) is not None]
        return str(self._desk.nonces.get((there or wallets)[0], 0))

    def _check_sender(self, sender: Sender, submission: Submission) -> None:
        """A relayer key sends for its own address; whoever signed must hold the wallet."""
        owner, wallet = submission.owner, submission.wallet
        if sender.address is not None:
            mine = {sender.address, *_core.wallets_of(sender.address)}
            if owner != sender.address and not (submission.is_session and wallet in mine):
                raise Refused(400, f"from {owner} does not match auth {sender.address}")
        if not may_move(submission, self._ground.wallets_signed_by(owner)):
            raise Refused(400, f"wallet registry validation failed: {wallet} is not the signer's")

    def _check_turn(self, submission: Submission, now_ns: int) -> None:
        """Whether this batch may begin now; the venue's texts tell the client to try again."""
        wallet = submission.wallet
        active = self._desk.active.get(wallet)
        if active is not None:
            raise Refused(400, IN_FLIGHT if active.state is State.MINED else BUSY)
        if submission.kind is None:
            return
        if self._ground.account_of(wallet) is None:
            text = f"wallet registry validation failed: wallet {wallet.lower()} is not registered"
            raise Refused(400, text)
        nonce = self._desk.nonces.get(wallet, 0)
        if submission.nonce != nonce:
            text = f"batch nonce {submission.nonce} does not match on-chain nonce {nonce}"
            raise Refused(400, text)
        if submission.deadline_s is not None and submission.deadline_s < now_ns // _S_NS:
            raise Refused(400, "batch deadline has passed")

    def _count_submit(self, caller: str, now_ns: int) -> None:
        """Count a call of a caller, whatever becomes of it."""
        if self._max_submits is None:
            return
        calls = self._desk.submits.setdefault(caller, deque())
        while calls and calls[0] <= now_ns - _MINUTE_NS:
            calls.popleft()
        if len(calls) >= self._max_submits:
            wait_ns = calls[0] + _MINUTE_NS - now_ns
            raise Refused(429, TOO_MANY, headers={"Retry-After": str(-(-wait_ns // _S_NS))})
        calls.append(now_ns)

    def _take(self, sender: Sender, submission: Submission, now_ns: int) -> _Job:
        """Note a transaction; from here on the wallet is busy until it has ended."""
        desk = self._desk
        desk.count += 1
        label = f"transaction/{desk.count}"
        job = _Job(
            transaction_id=str(UUID(bytes=self._draw(label)[:16], version=4)),
            sender=sender.name,
            wallet=submission.wallet,
            deadline_s=submission.deadline_s,
            is_counted=submission.kind is not None,
            moves=[],
            due_ns=now_ns + self._pace.broadcast_ms * _MS_NS,
            fate=desk.fates.popleft() if desk.fates else None,
        )
        desk.jobs[job.transaction_id] = job
        desk.active[job.wallet] = job
        return job

    def _moves(self, submission: Submission, acts: list[_core.WalletAct]) -> list[Move]:
        """What the batch does to the ledger; making a wallet that is there does nothing."""
        wallet, ground = submission.wallet, self._ground
        if submission.kind is not None:
            return self._planner.plan(wallet, acts)

        def make(_now_ns: int) -> None:
            if ground.account_of(wallet) is None:
                ground.open_account(wallet, is_approved=False)

        return [Move(send=make, is_action=False)]

    def _advance(self, job: _Job, now_ns: int) -> bool:
        """Go one step; whether another one may follow."""
        match job.state:
            # Each arm does one thing and leaves the rest to the next round.
            case State.NEW:
                return _is_due(job, now_ns) and self._broadcast(job, now_ns)
            case State.EXECUTED:
                if job.fate is Fate.STUCK:
                    return False
                if job.action is not None:
                    return self._follow(job, job.action, now_ns)
                return _is_due(job, now_ns) and self._run(job, now_ns)
            case State.MINED:
                if job.action is not None:
                    return self._follow(job, job.action, now_ns)
                return _is_due(job, now_ns) and self._end(job, State.CONFIRMED)
            case State.CONFIRMED | State.FAILED | State.INVALID:
                return False

    def _broadcast(self, job: _Job, now_ns: int) -> bool:
        """Send it to the chain, unless it is known to revert: then it is invalid.

        Actions of the ledger have their own time until they are in a block, everything else waits.
        """
        if job.deadline_s is not None and job.deadline_s < now_ns // _S_NS:
            job.error = job.error or f"{REVERTED}: the deadline has passed"
        if job.fate is Fate.INVALID:
            job.error = job.error or REVERTED
        if job.error:
            return self._end(job, State.INVALID)
        job.state = State.EXECUTED
        if job.moves[0].is_action and job.fate is None:
            return self._run(job, now_ns)
        job.due_ns = now_ns + self._pace.block_ms * _MS_NS
        return True

    def _run(self, job: _Job, now_ns: int) -> bool:
        """Do moves up to the next action of the ledger, or to the end."""
        if job.fate is Fate.REVERTED:
            return self._fail(job, REVERTED)
        job.due_ns = None
        while job.at < len(job.moves):
            try:
                job.action = job.moves[job.at].send(now_ns)
            except _core.ExchangeRefused as refused:
                if str(refused) == IN_FLIGHT:
                    # Somebody moved the wallet past the relayer: its turn comes.
                    job.due_ns = now_ns + self._pace.block_ms * _MS_NS
                    return False
                job.error = f"{REVERTED}: {refused}"
                if job.at == 0 and job.moves[0].is_action:
                    # A node that tries it before sending it sees as much.
                    return self._end(job, State.INVALID)
                return self._fail(job, job.error)
            if job.action is not None:
                return True
            job.at += 1
        self._mine(job, "0x" + self._draw(f"hash/{job.transaction_id}").hex())
        job.due_ns = now_ns + self._pace.confirm_ms * _MS_NS
        return True

    def _follow(self, job: _Job, action: int, now_ns: int) -> bool:
        """Take over what became of an action of the ledger."""
        found = self._ground.exchange.action(action)
        if found is None or found[0] == State.FAILED:
            return self._fail(job, REVERTED)
        word, transaction_hash = found
        is_last = job.at + 1 == len(job.moves)
        if word == State.NEW or (word == State.MINED and not is_last):
            return False
        if is_last and job.state is State.EXECUTED:
            self._mine(job, transaction_hash)
        if word != State.CONFIRMED:
            return False
        job.action = None
        if is_last:
            return self._end(job, State.CONFIRMED)
        job.at += 1
        return self._run(job, now_ns)

    def _mine(self, job: _Job, transaction_hash: str) -> None:
        """It is in a block: from now on the next nonce counts."""
        job.state = State.MINED
        job.transaction_hash = transaction_hash
        self._count_nonce(job)

    def _fail(self, job: _Job, why: str) -> bool:
        """It reverted; the nonce is used up only where earlier calls of it were done."""
        job.error = why
        if job.at == 0:
            return self._end(job, State.FAILED)
        job.error = f"{why}; {job.at} of {len(job.moves)} calls were done before"
        self._count_nonce(job)
        return self._end(job, State.FAILED)

    def _count_nonce(self, job: _Job) -> None:
        if job.is_counted:
            self._desk.nonces[job.wallet] = self._desk.nonces.get(job.wallet, 0) + 1

    def _end(self, job: _Job, state: State) -> bool:
        """It has ended; the wallet is free, and the oldest ended one may be forgotten."""
        job.state, job.due_ns = state, None
        self._desk.active.pop(job.wallet, None)
        self._desk.ended.append(job.transaction_id)
        if len(self._desk.ended) > _KEPT:
            self._desk.jobs.pop(self._desk.ended.popleft(), None)
        return False

    def _draw(self, label: str) -> bytes:
        """Bytes that depend on the seed and the label alone."""
        return hmac.digest(self._seed, label.encode(), hashlib.sha256)


def _is_due(job: _Job, now_ns: int) -> bool:
    """Whether the time that a transaction waits for has come."""
    return job.due_ns is not None and job.due_ns <= now_ns


def _address(request: Request) -> str:
    try:
        return _core.checksum_address(request.query.get("address", ""))
    except _core.SignatureError as bad:
        raise Refused(400, "invalid address") from bad


def _kind(request: Request) -> Kind:
    try:
        return Kind(request.query.get("type", ""))
    except ValueError as bad:
        raise Refused(400, "invalid type") from bad
