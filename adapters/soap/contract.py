"""A recipient's WSDL, read by zeep, and calls of it for contracts that are not ours.

Enters: WSDL bytes with the documents it imports, all fetched beforehand. Leaves: a `Contract`, sentences that say what
does not fit, or a proxy that calls over the host's HTTP. Refuses: an import that is not in the catalogue, DTDs,
anything on the network or on disk. zeep is the reader, the fallback and the oracle; the hot path is lxml with pydantic.

zeep decodes a bad integer to None and checks no facet: validate by XSD before a value of its is believed. It is slow to
import; only what needs a contract imports this module.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

import zeep
import zeep.exceptions
import zeep.proxy
import zeep.transports
from lxml import etree

from adapters.soap.envelope import VERSIONS, open_envelope, text
from adapters.soap.faults import find_fault
from adapters.soap.names import Words, all_words
from gateway.contract import Host, Native, Reason, Refused
from schemas.safe_xml import XmlLimits, XmlRefused, parse
from schemas.xsd import XS

#: zeep takes whatever is no http, https or file URL for a path on disk: the catalogue has a host that cannot exist.
CATALOGUE = "https://catalog.invalid/"
#: zeep has no types; what it gives is checked where it is used.
_ZEEP: Any = zeep
_MAIN = CATALOGUE + "service.wsdl"


class _Catalogue(zeep.transports.Transport):
    """Loads from memory and nowhere else."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        # The parent's constructor opens a session; there is nothing here that may reach the network.
        self._documents = dict(documents)
        self.logger = logging.getLogger(__name__)
        self.cache = None
        self.load_timeout = self.operation_timeout = None
        self.session, self._close_session = None, False

    def load(self, url: str) -> bytes:
        found = self._documents.get(url)
        if found is None:
            raise Refused(Reason.NOT_FOUND, "the contract imports a document that is not in the catalogue")
        return found

    def get(self, address: str, params: Any, headers: Any) -> Any:
        raise Refused(Reason.METHOD_NOT_ALLOWED, "a contract is read, not called")

    def post(self, address: str, message: Any, headers: Any) -> Any:
        raise Refused(Reason.METHOD_NOT_ALLOWED, "a contract is read, not called")

    def post_xml(self, address: str, envelope: Any, headers: Any) -> Any:
        raise Refused(Reason.METHOD_NOT_ALLOWED, "a contract is read, not called")


class _Answer:
    """What zeep expects of an answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status_code, self.headers, self.content = status, headers, body
        self.encoding = "utf-8"


class _Calling(_Catalogue):
    """Loads from memory, calls over the host's client; the host owns TLS, limits and time-outs."""

    def __init__(self, documents: Mapping[str, bytes], host: Host, timeout: float, headers: Mapping[str, str]) -> None:
        super().__init__(documents)
        self._host, self._timeout, self._more = host, timeout, dict(headers)
        self.schema: Any = None

    async def post_xml(self, address: str, envelope: etree._Element, headers: Mapping[str, str]) -> _Answer:
        body = etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
        said = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        media_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "text/xml")
        reply = await self._host.http.send(
            "POST",
            address,
            native=Native((body,), media_type, said),
            headers=self._more,
            timeout=self._timeout,
            limit=self._host.limits.answer_bytes,
        )
        self._check(reply.body)
        return _Answer(reply.status, {**reply.headers, "Content-Type": reply.media_type or "text/xml"}, reply.body)

    def _check(self, body: bytes) -> None:
        """Hold the answer against the contract's XSD, before zeep turns what it cannot read into None."""
        try:
            opened = open_envelope(parse(body, XmlLimits(self._host.limits.answer_bytes, self._host.limits.nesting)))
        except (XmlRefused, Refused):
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the answer is no SOAP message") from None
        if find_fault(opened.wrapper) is None and not self.schema.validate(opened.wrapper):
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the answer does not fit the contract's XSD")


class _Inline(etree.Resolver):
    """Gives a schema's imports from memory; whatever else is asked for is not there."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        super().__init__()
        self._documents = documents

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        found = self._documents.get(system_url)
        if found is None:
            raise Refused(Reason.NOT_FOUND, "the contract imports a document that is not in the catalogue")
        return cast(Any, self).resolve_string(found, context)


def compile_types(wsdl: bytes, documents: Mapping[str, bytes]) -> etree.XMLSchema:
    """The XSD inside a WSDL, compiled. Raises `Refused` if libxml2 does not take it."""
    sources = dict(documents)
    imports = []
    for number, schema in enumerate(parse(wsdl).iterfind(f"{{*}}types/{{{XS}}}schema")):
        place = f"{CATALOGUE}inline-{number}.xsd"
        sources[place] = etree.tostring(schema)
        target = schema.get("targetNamespace")
        named = f' namespace="{text(target)}"' if target else ""
        imports.append(f'<xs:import{named} schemaLocation="{place}"/>')
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Inline(sources))
    driver = f'<xs:schema xmlns:xs="{XS}">{"".join(imports)}</xs:schema>'
    try:
        return etree.XMLSchema(etree.fromstring(driver, parser))
    except etree.XMLSchemaParseError:
        raise Refused(Reason.BAD_REQUEST, "the contract's XSD does not compile") from None


class Contract:
    """A WSDL as zeep understands it."""

    def __init__(self, document: Any, transport: _Catalogue) -> None:
        self._document, self._transport = document, transport

    @property
    def operations(self) -> dict[str, frozenset[str]]:
        """The names of the operations, each with the namespaces of the envelopes its bindings use."""
        found: dict[str, set[str]] = {}
        for binding in self._document.bindings.values():
            uri = getattr(binding, "nsmap", {}).get("soap-env", "")
            for name in binding._operations:
                found.setdefault(name, set()).add(uri)
        return {name: frozenset(spaces) for name, spaces in found.items()}

    def request_of(self, operation: str) -> str | None:
        """The element an operation takes, in Clark notation."""
        for binding in self._document.bindings.values():
            called = binding._operations.get(operation)
            if called is not None and getattr(called.input, "body", None) is not None:
                return str(called.input.body.qname.text)
        return None

    def element(self, name: str) -> Any:
        """zeep's type of an element, for encoding and decoding by the contract."""
        return self._document.types.get_element(name)

    @property
    def document(self) -> Any:
        """zeep's own document; what is done with it stays with whoever asks."""
        return self._document


def _read(wsdl: bytes, documents: Mapping[str, bytes], transport: _Catalogue) -> Contract:
    transport._documents = {**documents, _MAIN: wsdl}
    for source in transport._documents.values():
        try:
            parse(source)
        except XmlRefused as error:
            raise Refused(Reason.NOT_XML, f"the contract is not read: {error.code}") from None
    # zeep's `forbid_external` forbids every http(s) name, the catalogue's too; it is the transport that closes it.
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_external=not documents, force_https=False)
    try:
        found = _ZEEP.Client(_MAIN, transport=transport, settings=settings)
    except Refused:
        raise
    except Exception:
        # zeep raises whatever its parser met: KeyError, lookup and XML errors among others. All say the same to us.
        raise Refused(Reason.BAD_REQUEST, "the contract is no WSDL that can be read") from None
    contract = Contract(found.wsdl, transport)
    if not contract.operations:
        raise Refused(Reason.BAD_REQUEST, "the contract names no operation")
    return contract


def read_contract(wsdl: bytes, documents: Mapping[str, bytes] | None = None) -> Contract:
    """Read a WSDL; `documents` are its imports by URL, all below `CATALOGUE`. Raises `Refused`."""
    return _read(wsdl, documents or {}, _Catalogue({}))


class Caller:
    """Calls an operation of a foreign contract over the host's client: slow, generic, for what no template knows."""

    def __init__(
        self,
        wsdl: bytes,
        host: Host,
        *,
        timeout: float,
        documents: Mapping[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        transport = _Calling({}, host, timeout, headers or {})
        self.contract = _read(wsdl, documents or {}, transport)
        transport.schema = compile_types(wsdl, documents or {})
        settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_external=True, force_https=False)
        self._client = _client(self.contract.document, transport, settings)

    async def call(self, binding: str, address: str, operation: str, **values: Any) -> Any:
        """Call `operation`; gives zeep's value. Raises `Refused` (recipient_refused) for a fault."""
        found = self.contract.document.bindings[binding]
        proxy = _ZEEP.proxy.AsyncServiceProxy(self._client, found, address=address)
        try:
            return await proxy[operation](**values)
        except zeep.exceptions.Fault:
            raise Refused(Reason.RECIPIENT_REFUSED, "the recipient answered with a fault") from None
        except zeep.exceptions.Error:
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the call does not fit the contract") from None


def _client(document: Any, transport: _Catalogue, settings: Any) -> Any:
    client = zeep.Client.__new__(zeep.Client)
    client.settings, client.transport, client.wsdl = settings, transport, document
    client.wsse, client.plugins = None, []
    client._default_service = client._default_service_name = client._default_port_name = None
    client._default_soapheaders = None
    return client


def misfits(wsdl: bytes, url: str) -> list[str]:
    """Sentences that say how the service behind `url` differs from every shared service; empty if it is one."""
    try:
        contract = read_contract(wsdl)
    except Refused as error:
        return [f"{url} gives no contract that can be read: {error.detail}"]
    for words in all_words():
        if words.operation in contract.operations:
            return _compare(contract, words, url)
    return [f"{url} offers none of the shared services; see whether the url is the address of a generated service"]


def _compare(contract: Contract, words: Words, url: str) -> list[str]:
    if contract.request_of(words.operation) != words.request:
        return [f"{url} takes another element than {words.request}; it serves another major version or contract"]
    spoken = contract.operations[words.operation]
    missing = [version.name for version in VERSIONS if version.namespace not in spoken]
    if len(missing) == len(VERSIONS):
        return [f"{url} has no SOAP binding for {words.operation}"]
    return []
