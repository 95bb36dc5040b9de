"""Forms that another library reads as they were meant."""

from __future__ import annotations

from email.message import Message

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from adapters.bsre.form import File, form


async def test_a_server_reads_what_was_written() -> None:
    fields = {
        "nik": "1",
        "reason": "Disetujui – “ya”",
        "passphrase": '--a\r\nContent-Disposition: form-data; name="nik"\r\n\r\n2',
    }
    data = bytes(range(256)) * 40 + b"\r\n--"
    native = form(fields, {"file": File("dokumen.pdf", "application/pdf", data)})
    got: dict[str, object] = {}

    async def take(request: web.Request) -> web.Response:
        for name, value in (await request.post()).items():
            assert name not in got
            got[name] = value.file.read() if isinstance(value, web.FileField) else value
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    async with TestClient(TestServer(app)) as client:
        sent = await client.post("/", data=native.whole(), headers={"Content-Type": native.media_type})
        assert sent.status == 200
    assert got == {**fields, "file": data}


def test_each_body_has_a_boundary_of_its_own_and_copies_no_file() -> None:
    data = b"%PDF-" + bytes(1000)
    one, two = (form({}, {"file": File("dokumen.pdf", "application/pdf", data)}) for _ in range(2))
    assert one.media_type != two.media_type
    assert any(piece is data for piece in one.body)
    header = Message()
    header["content-type"] = one.media_type
    assert f"--{header.get_param('boundary')}--\r\n".encode() == one.body[-1]
