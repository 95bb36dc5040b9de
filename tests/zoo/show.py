"""`python -m tests.zoo.show`: every animal with the verdict it gets, as a table; ends with 1 if one is not expected.

Enters: the cases of every format, or those named. Leaves: a line each. Refuses: nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import time
from pathlib import Path

from gateway.signatures.material import Material
from gateway.signatures.trust import load
from gateway.signatures.verification import verify
from tests.zoo.case import Case
from tests.zoo.pki import pki

ENDINGS = {"pdf": "x.pdf", "xml": "x.xml", "cms": "x.p7m", "jws": "x.jws", "asic": "x.asice"}
FORMATS = ("pdf", "xml", "cms", "jws", "asic")


def main(formats: list[str]) -> int:
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        store, bare = load(pki().trust(Path(folder) / "a")), load(pki().trust(Path(folder) / "b", with_crl=False))
        for name in formats or FORMATS:
            cases: tuple[Case, ...] = importlib.import_module(f"tests.zoo.{name}").CASES
            for case in cases:
                beside = Material.of(case.beside()) if case.beside is not None else None
                data = case.build()
                start = time.process_time()
                known = bare if "bare" in case.tags else store
                verdict = asyncio.run(verify(Material.of(data, ENDINGS[name]), beside, known, case.at))
                spent = time.process_time() - start
                codes = [one.code for one in verdict.findings]
                good = verdict.conclusion == case.conclusion and set(case.codes) <= set(codes)
                wrong += not good
                levels = [f"{one.level}:{one.sub_indication}" for one in verdict.signatures]
                mark = "  " if good else "!!"
                print(f"{mark} {name}/{case.name:24} {verdict.conclusion:14} {spent * 1000:7.0f} ms  {codes} {levels}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
