# SPDX-License-Identifier: Apache-2.0
"""The restricted loader.

A file whose format can run code is opened only when its digest is trusted, and then in a separate process with limits.
"""
