"""Header names on the wire as Salesforce spells them over HTTP/1.1: `Content-Type`, `Sforce-NumberOfRecords`.

Names have no case, but clients read recorded ones: airbyte's CDK looks for `content-type`, which Salesforce never
sends, and takes its own default where it finds none. Starlette and uvicorn write every name in lower case.
"""

import asyncio

_ODD = {
    b"etag": b"ETag",
    b"www-authenticate": b"WWW-Authenticate",
    b"sforce-numberofrecords": b"Sforce-NumberOfRecords",
}


class SpelledHead(asyncio.Transport):
    """The connection for one reply: spells the names of the head that uvicorn writes, and passes the rest on."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._written = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """A head comes in one piece, before all of the body; `100 Continue` may come before it."""
        if not self._written and not bytes(data[:13]).startswith(b"HTTP/1.1 100 "):
            self._written = True
            data = spell_names(bytes(data))
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


def spell_names(head: bytes) -> bytes:
    """A status line and headers with their names as Salesforce spells them."""
    status, *lines = head.split(b"\r\n")
    return b"\r\n".join([status, *(_spelled(line) for line in lines)])


def _spelled(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    return _ODD.get(name, name.title()) + colon + value
