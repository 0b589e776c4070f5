"""Reads YAML as version 1.2 does where it matters to what others write: a bare `=` (one of the
resource definitions has it) is a string."""

from __future__ import annotations

import yaml

from .api import LOADER


class YamlTwelve(LOADER):  # type: ignore[misc, valid-type]
    """The loader."""


YamlTwelve.add_constructor(
    "tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node)
)


def objects(data: bytes) -> list[dict]:
    """All objects of a text; an empty document is none."""
    return [it for it in yaml.load_all(data, Loader=YamlTwelve) if it]
