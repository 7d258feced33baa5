"""In this version nothing can order: no module that the program reaches signs or sends one.

What signs is a crate of its own, and the local exchange is the venue's side. Both stand apart: the
verb `sandbox` alone loads them, and what it loads can listen on this machine and connect nowhere.
No crate of razor can open a connection.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.loopback import changes, desk, play
from tests.e2e.razor import ROOT, here, is_one_message

PYTHON = ROOT / "python"
_PACKAGE = "razor"
# Whoever places, cancels or signs an order at this venue needs one of these.
ABILITIES = {
    "order endpoint": r"/orders?[\"'/?]|cancel-(?:all|orders|market-orders)",
    "account endpoint": r"/auth/|api-key|derive-api-key|/balance-allowance|/data/orders",
    "relayer": r"/submit[\"']|relayer-v\d|builder-relayer",
    "request header of an account": r"POLY_(?:ADDRESS|SIGNATURE|API_KEY|PASSPHRASE|NONCE)",
    "signature": r"secp256k1|ecdsa|k256|eip.?712|keccak|sign_typed|sign_order|sign_message",
    "client that orders": r"py_clob_client|polymarket_client|eth_account|web3",
}
# The names under which Python would meet what signs.
SIGNERS = (
    r"SigningKey|ApiSecret|VenueOrder|SigningExchange|WalletBatch|SafeRelay|ProxyRelay"
    r"|razor\.adapters\.sandbox"
)
# What the binding of those shows of a signature or call that is there already.
SHOWN = {"SignedOrder", "WalletCall", "WalletAct"}
# What signs, and the venue's own side of an order.
APART = (
    "razor_sign/src/",
    "razor_py/src/sign.rs",
    "razor_py/src/relay.rs",
    "razor_py/src/exchange",
    "razor_sim/src/exchange",
)
READS = {
    ("GET", "/markets/keyset"),
    ("GET", "/events/keyset"),
    ("GET", "/clob-markets/"),
    ("GET", "/trades"),
    ("POST", "/books"),
    ("GET", "/time"),
}


def _file_of(module: str) -> Path | None:
    path = PYTHON.joinpath(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def _imports(module: str, file: Path) -> Iterator[str]:
    """Every name that a file imports, also inside functions; parents count as imported."""
    is_package = file.name == "__init__.py"
    home = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, level=level, names=names):
                parts = home.split(".")[: len(home.split(".")) - level + 1] if level else []
                base = ".".join([*parts, *([source] if source else [])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)
            case _:
                pass


def _reachable(start: str) -> tuple[dict[str, Path], set[str]]:
    """Modules of razor that the program can reach, and the packages of others."""
    found: dict[str, Path] = {}
    foreign: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] != _PACKAGE:
            foreign.add(name.split(".")[0])
            continue
        file = _file_of(name)
        if file is None or name in found:
            continue
        found[name] = file
        waiting.append(name.rpartition(".")[0] or name)
        waiting.extend(_imports(name, file))
    return found, foreign


def _crates() -> list[Path]:
    """The directories of the crates that the compiled core is made of."""
    found: list[Path] = []
    waiting = [ROOT / "rust" / "razor_py"]
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    paths = {
        name: ROOT / entry["path"]
        for name, entry in workspace["dependencies"].items()
        if isinstance(entry, dict) and "path" in entry
    }
    while waiting:
        crate = waiting.pop()
        if crate in found:
            continue
        found.append(crate)
        manifest = tomllib.loads((crate / "Cargo.toml").read_text(encoding="utf-8"))
        for name, entry in manifest.get("dependencies", {}).items():
            if name in paths:
                waiting.append(paths[name])
            elif isinstance(entry, dict) and "path" in entry:
                waiting.append((crate / entry["path"]).resolve())
    return found


def _without_tests(text: str) -> str:
    return text.split("#[cfg(test)]", maxsplit=1)[0]


def test_walk_reaches_the_modules_that_matter() -> None:
    found, foreign = _reachable("razor.app.cli")
    assert {"razor.app.live", "razor.adapters.polymarket.rest", "razor.domain.mode"} <= set(found)
    assert {"httpx", "websockets", "asyncio"} <= foreign
    assert len(found) > 60
    crates = {crate.name for crate in _crates()}
    assert crates == {"razor_py", "razor_core", "razor_io", "razor_sim", "razor_sign"}


@pytest.mark.parametrize("ability", ABILITIES)
def test_no_reachable_module_is_able_to_order(ability: str) -> None:
    found, _ = _reachable("razor.app.cli")
    pattern = re.compile(ABILITIES[ability], re.IGNORECASE)
    able = [name for name, file in found.items() if pattern.search(file.read_text("utf-8"))]
    assert able == []


@pytest.mark.parametrize("ability", ABILITIES)
def test_no_crate_of_the_core_is_able_to_order(ability: str) -> None:
    pattern = re.compile(ABILITIES[ability], re.IGNORECASE)
    sources = [file for crate in _crates() for file in (crate / "src").rglob("*.rs")]
    files = [file for file in sources if not any(part in str(file) for part in APART)]
    assert 50 < len(files) < len(sources)
    able = [file.name for file in files if pattern.search(_without_tests(file.read_text("utf-8")))]
    assert able == []


def test_no_reachable_module_names_what_signs() -> None:
    found, _ = _reachable("razor.app.cli")
    pattern = re.compile(SIGNERS)
    assert [name for name, file in found.items() if pattern.search(file.read_text("utf-8"))] == []
    files = [ROOT / "rust/razor_py/src" / name for name in ("sign.rs", "relay.rs")]
    binding = "".join(file.read_text(encoding="utf-8") for file in files)
    assert set(re.findall(r"struct (\w+)", binding)) - SHOWN == {
        name for name in SIGNERS.split("|") if name.isalpha()
    }


def test_a_process_that_trades_does_not_load_the_local_exchange() -> None:
    text = (
        "import sys, click; from razor.app.cli.program import build_program;"
        "verbs = build_program().list_commands(click.Context(click.Command('razor')));"
        "print('sandbox' in verbs, [m for m in sys.modules if 'sandbox' in m])"
    )
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True []"


def test_the_local_exchange_can_listen_and_not_connect() -> None:
    trading, _ = _reachable("razor.app.cli")
    found, _ = _reachable("razor.app.cli.sandbox")
    apart = {name: file for name, file in found.items() if name not in trading}
    assert {"razor.adapters.sandbox.server", "razor.app.sandbox"} <= set(apart)
    assert all("sandbox" in name for name in apart)
    connects = re.compile(
        r"httpx|websockets\b|ClientSession|create_connection|open_connection|\.connect\(|urlopen"
    )
    assert [name for name, file in apart.items() if connects.search(file.read_text("utf-8"))] == []
    hosts = re.compile(r"(?:TCPSite|create_server|start_server)\(([^)]*)")
    listens = [said for file in apart.values() for said in hosts.findall(file.read_text("utf-8"))]
    assert listens
    assert all("LOOPBACK" in said for said in listens)


def test_no_crate_of_the_core_can_open_a_connection() -> None:
    pattern = re.compile(r"\b(?:std::net|UnixStream|TcpStream|UdpSocket|socket2|hyper|tokio)\b")
    files = [file for crate in _crates() for file in (crate / "src").rglob("*.rs")]
    assert [file.name for file in files if pattern.search(file.read_text("utf-8"))] == []
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    crates = set(re.findall(r'^name = "([^"]+)"', lock, re.MULTILINE))
    assert not crates & {"tokio", "hyper", "reqwest", "ureq", "curl", "socket2", "mio", "async-std"}


def test_patterns_find_what_they_are_for() -> None:
    samples = {
        "order endpoint": 'post(f"{base}/order")',
        "account endpoint": 'get("/auth/derive-api-key")',
        "relayer": '"/submit"',
        "request header of an account": "POLY_SIGNATURE",
        "signature": "use k256::ecdsa::SigningKey;",
        "client that orders": "from py_clob_client import Client",
    }
    for ability, text in samples.items():
        assert re.search(ABILITIES[ability], text, re.IGNORECASE), ability


def test_reachable_code_opens_no_socket_beside_the_read_only_feed() -> None:
    found, _ = _reachable("razor.app.cli")
    network = {"httpx", "websockets", "socket", "ssl", "http", "urllib3", "requests", "aiohttp"}
    users = {
        name
        for name, file in found.items()
        if network & {each.split(".")[0] for each in _imports(name, file)}
    }
    assert users
    # Operators come over a socket file; nothing there can reach a network or be reached from one.
    control = {name for name in users if name.startswith("razor.adapters.control.")}
    inet = re.compile(r"TCPSite|create_server|start_server|create_connection|AF_INET|site\(")
    assert [name for name in control if inet.search(found[name].read_text("utf-8"))] == []
    assert all(name.startswith("razor.adapters.polymarket.") for name in users - control)


def test_name_of_the_key_is_a_setting_that_nobody_reads() -> None:
    found, _ = _reachable("razor.app.cli")
    users = [
        name for name, file in found.items() if "private_key" in file.read_text(encoding="utf-8")
    ]
    assert users == ["razor.domain.settings.trading"]


def test_environment_is_read_in_one_place() -> None:
    found, _ = _reachable("razor.app.cli")
    pattern = re.compile(r"os\.environ|os\.getenv|getenv\(")
    users = [name for name, file in found.items() if pattern.search(file.read_text("utf-8"))]
    assert users == ["razor.app.wiring"]
    for crate in _crates():
        for file in (crate / "src").rglob("*.rs"):
            assert "env::var" not in _without_tests(file.read_text(encoding="utf-8")), file.name


def test_only_the_signing_crate_names_a_package_that_signs() -> None:
    signs = {"k256", "secp256k1", "ecdsa", "alloy", "ethers", "p256", "ed25519-dalek"}
    for crate in _crates():
        manifest = tomllib.loads((crate / "Cargo.toml").read_text(encoding="utf-8"))
        named = signs & set(manifest.get("dependencies", {}))
        assert named == ({"k256"} if crate.name == "razor_sign" else set()), crate.name
    runtime = (ROOT / "locks" / "runtime.txt").read_text(encoding="utf-8")
    packages = set(re.findall(r"^([A-Za-z0-9_.-]+)==", runtime, re.MULTILINE))
    assert packages
    assert not packages & {
        "polymarket-client",
        "py-clob-client",
        "eth-account",
        "web3",
        "coincurve",
    }


@pytest.mark.parametrize("mode", ["live", "LIVE", " live_sim ", "livesim"])
@pytest.mark.parametrize("chosen_by", ["--mode", "RAZOR_MODE"])
def test_live_mode_without_live_enabled_is_simulated_and_says_so(
    tmp_path: Path, mode: str, chosen_by: str
) -> None:
    option = ("--mode", mode) if chosen_by == "--mode" else ()
    environment = {"RAZOR_MODE": mode} if chosen_by == "RAZOR_MODE" else {}
    done = here(
        "demo", "--duration", "1s", "--runs-dir", tmp_path, *option, environment=environment
    )
    assert done.code == 0
    manifest = json.loads((tmp_path / "run_latest" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["gates"]["order_path"] == "sim"
    assert "no fill of this run is a real one" in " ".join(manifest["markers"])


def test_live_mode_with_every_gate_open_is_refused_all_the_same(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[live]\nenabled = true\naccept_no_verdict = "because"\n', encoding="utf-8")
    environment = {"RAZOR_MODE": "live", "RAZOR_LIVE_CONFIRM": "1"}
    done = here("run", "--config", config, "--json", environment=environment)
    error = json.loads(done.err)
    assert (done.code, error["error"]) == (1, "GateRefused")
    assert error["shut"]


def test_option_wins_over_the_environment(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    environment = {"RAZOR_MODE": "live"}
    arguments = ("demo", "--mode", "dry_run", "--duration", "1s", "--runs-dir", runs)
    assert here(*arguments, environment=environment).code == 0


def test_unknown_mode_is_a_usage_error_that_names_what_is_allowed(tmp_path: Path) -> None:
    done = here("demo", "--runs-dir", tmp_path / "runs", environment={"RAZOR_MODE": "real"})
    assert done.code == 2
    assert is_one_message(done)
    assert "RAZOR_MODE: found the mode 'real'; allowed: dry_run or live" in done.err


def test_venue_sees_reads_only_and_no_account(tmp_path: Path) -> None:
    canary = "0x" + "4d" * 32

    async def story() -> None:
        async with desk(tmp_path) as at:
            async with at.start("run", "--duration", "1s") as child:
                await child.until(at.is_flowing)
                await changes(at.venue, 4)
                done = await child.done()
            assert done.code == 0, done.err
            for request in at.venue.requests:
                asked = [(method, path) for method, path in READS if request.path.startswith(path)]
                assert request.method in {method for method, _ in asked}, request
                secret = {"authorization", "cookie"} & set(request.headers)
                assert not secret
                assert not [name for name in request.headers if name.startswith("poly")]
            for session in at.venue.sessions:
                assert not [text for text in session.received if "auth" in text]

    play(story())
    done = here("config", "show", "--json", environment={"POLYGON_PRIVATE_KEY": canary})
    assert canary not in done.out + done.err


def test_makefile_starts_the_dry_run_only() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--mode" not in text
    assert "RAZOR_MODE" not in text
