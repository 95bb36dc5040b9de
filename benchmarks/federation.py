"""The federation that is measured: one folder of configuration, written new for each start.

Enters: a folder, the address of the simulated recipients. Leaves: `agencies/`, `routes.yaml`, `operators.yaml`,
`gateway.yaml`, all settings at their defaults but the port. Refuses: nothing.
"""

from __future__ import annotations

from pathlib import Path

CALLER, LOADER, SIGNER = "bench/caller", "bench/loader", "bench/signer"
"""Who sends: queries and messages that are pulled later; the backlog and the big part; letters that must be signed."""

_AGENCY = """agency: bench
name: Benchmark
systems:
  caller:
    name: Sends queries, and referrals that somebody pulls later
    credentials: {{api_keys: [{{file: keys/bench--caller.key}}]}}
    may_use: [coverage.lookup, referral.deliver]
  loader:
    name: Sends referrals that are pushed, and big letters
    credentials: {{api_keys: [{{file: keys/bench--loader.key}}]}}
    may_use: [referral.deliver, letter.deliver]
  signer:
    name: Sends signed letters
    credentials: {{api_keys: [{{file: keys/bench--signer.key}}]}}
    may_use: [letter.deliver]
  insurer:
    name: Answers queries by REST
    channel: {{adapter: rest, config: {{url: "{peer}/answer", recipient: idempotent, timeout: 10s}}}}
  taker:
    name: Takes referrals by REST
    channel: {{adapter: rest, config: {{url: "{peer}/take", recipient: idempotent, timeout: 60s}}}}
  puller:
    name: Pulls from its inbox
    credentials: {{api_keys: [{{file: keys/bench--puller.key}}]}}
    channel: {{pull: true}}
"""

# `raw: forward`, so that a question and an answer of 2 KB stay 2 KB on both legs.
_ROUTES = """routes:
  - service: coverage.lookup
    from: [bench/caller]
    to: [bench/insurer]
    purpose: Benchmark
    raw: forward
    deadline: 10s
  - service: referral.deliver
    from: [bench/caller]
    to: [bench/puller]
    purpose: Benchmark
  - service: referral.deliver
    from: [bench/loader]
    to: [bench/taker]
    purpose: Benchmark
  - service: letter.deliver
    from: [bench/loader]
    to: [bench/puller]
    purpose: Benchmark
  - service: letter.deliver
    from: [bench/signer]
    to: [bench/puller]
    purpose: Benchmark
    signature: {require: signed}
"""

_OPERATORS = """operators:
  operator-1:
    name: Operator
    roles: [operator]
    credentials: {api_keys: [{file: keys/operators/operator-1.key}]}
"""


def write(folder: Path, peer: str) -> None:
    """`peer` is the address of the simulated recipients, without a slash at its end."""
    (folder / "agencies").mkdir(parents=True, exist_ok=True)
    (folder / "agencies" / "bench.yaml").write_text(_AGENCY.format(peer=peer))
    (folder / "routes.yaml").write_text(_ROUTES)
    (folder / "operators.yaml").write_text(_OPERATORS)
    (folder / "gateway.yaml").write_text("http: {host: 127.0.0.1, port: 0}\n")


def key(state: Path, system: str) -> str:
    """The API key that the first start made for a system, or for `operators/operator-1`."""
    name = system if system.startswith("operators/") else system.replace("/", "--")
    return (state / "keys" / f"{name}.key").read_text().strip()
