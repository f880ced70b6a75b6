# SPDX-License-Identifier: Apache-2.0
"""The built-in checks, one thin file each, which call the engines of the rooms below.

A generated index lists them without importing any.
"""
