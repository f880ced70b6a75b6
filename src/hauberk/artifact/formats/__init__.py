# SPDX-License-Identifier: Apache-2.0
"""Readers of model files that can never execute what they read."""

from hauberk.artifact.formats.recognise import recognise
from hauberk.artifact.formats.source import FileSource, FormatError, LimitError, MemorySource, Source

__all__ = ["FileSource", "FormatError", "LimitError", "MemorySource", "Source", "recognise"]
