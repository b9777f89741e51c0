"""A proxy as the JSON file that every command of eznas takes in the place of a name."""

from __future__ import annotations

from eznas.proxies.proxy import Proxy, file_text


def export(proxy: Proxy) -> str:
    """Return the content of the file."""
    return file_text(proxy)
