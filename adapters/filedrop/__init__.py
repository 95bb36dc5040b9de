"""Files in folders: a source that polls an inbox, a sink that writes documents and receipts.

Enters: JSON, XML, CSV, and PDF with a sidecar. Leaves: the same shared documents as any other adapter's, and files with
receipts, row reports and errors. Refuses: links, devices, unfinished files, unsafe names; each with a written reason.
"""

from __future__ import annotations

from adapters.filedrop.config import SinkConfig, SourceConfig
from adapters.filedrop.sink import FolderSink
from adapters.filedrop.source import FolderSource
from gateway.contract import AdapterSpec

ADAPTER = AdapterSpec(
    name="filedrop",
    title="Files in folders",
    makers={"source": (SourceConfig, FolderSource), "sink": (SinkConfig, FolderSink)},
)

__all__ = ["ADAPTER", "FolderSink", "FolderSource", "SinkConfig", "SourceConfig"]
