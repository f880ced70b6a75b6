# SPDX-License-Identifier: Apache-2.0
"""Model files as bytes.

Formats recognised by content with readers that never execute, digests of files and folders, signed manifests,
allow-lists and bills of material.
"""
