"""The BSrE adapter through the door, both versions, against the simulated service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from adapters.bsre import ADAPTER, BsreSigner
from gateway.contract import DocumentSigner, PdfToSign
from gateway.contract.conformance import SECRET, SECRET_FILE, SignerConformance
from gateway.contract.testing import FakeHost
from tests.unit.adapters.bsre.bench import EMAIL, NIK, Bench, Near, ServiceHttp, marked, standing


class _Bsre(SignerConformance):
    config: ClassVar[Mapping[str, Any]]
    bench: Bench

    @pytest.fixture
    def make_host(self, tmp_path: Path) -> Callable[[], FakeHost]:
        return lambda: FakeHost(secrets={f"file:{SECRET_FILE}": f"esign:{SECRET}"}, state_dir=str(tmp_path))

    @pytest_asyncio.fixture
    async def host(self, make_host: Callable[[], FakeHost]) -> AsyncIterator[FakeHost]:
        async with standing(make_host(), login=f"esign:{SECRET}") as bench:
            self.bench, self.handed = bench, list[bytes]()
            self.meddle(bench.host, lambda signed: signed)
            yield bench.host

    def make(self, host: FakeHost) -> DocumentSigner:
        url = host.http.url if isinstance(host.http, ServiceHttp) else "http://127.0.0.1:9"
        said = {"url": url, "credentials": {"file": SECRET_FILE}, **self.config}
        made = ADAPTER.make("signer", ADAPTER.config_model("signer").model_validate(said), host)
        assert isinstance(made, DocumentSigner)
        return made

    def document(self) -> PdfToSign:
        return marked(reason="Uji")

    def arrived(self, host: FakeHost) -> Sequence[bytes]:
        return self.bench.service.received

    def handed_out(self, host: FakeHost) -> bytes:
        return self.handed[-1]

    def asked(self, host: FakeHost) -> int:
        return self.bench.signings()

    def urls(self, host: FakeHost) -> Sequence[str]:
        return [one.url for one in host.http.sent]

    def meets(self, host: FakeHost, error: Exception) -> None:
        path = "/api/sign/pdf" if self.config["version"] == "v1" else "/api/v2/sign/pdf"
        host.http.on("POST", self.bench.url + path, error)

    def meddle(self, host: FakeHost, change: Callable[[bytes], bytes]) -> None:
        def kept(signed: bytes) -> bytes:
            self.handed.append(change(signed))
            return self.handed[-1]

        self.bench.service.mischief.meddle = kept


class TestVersionOne(_Bsre):
    config: ClassVar[Mapping[str, Any]] = {"version": "v1"}

    @property
    def may_name_signer(self) -> str:  # type: ignore[override]
        return f"{self.bench.url}/api/user/status/"


class _Near(_Bsre):
    def make(self, host: FakeHost) -> DocumentSigner:
        made = super().make(host)
        assert isinstance(made, BsreSigner)
        made._looker = Near()
        return made


class TestVersionTwo(_Near):
    config: ClassVar[Mapping[str, Any]] = {"version": "v2"}


class TestVersionTwoByCode(_Near):
    config: ClassVar[Mapping[str, Any]] = {"version": "v2", "confirm": "totp"}

    def document(self) -> PdfToSign:
        return marked(signer=EMAIL)

    async def given(self, host: FakeHost, *, wrong: bool = False) -> Mapping[str, str]:
        user = self.bench.service.users[NIK]
        user.code, user.until = "482915", self.bench.service.issuer.now().replace(year=2099)
        return {"totp": "000000" if wrong else "482915"}
