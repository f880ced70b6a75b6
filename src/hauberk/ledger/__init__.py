# SPDX-License-Identifier: Apache-2.0
"""What happened, provably.

One append-only event log hashed into an RFC 6962 Merkle tree with signed checkpoints, and one content-addressed store
for evidence, models and data. SQL lives here and nowhere else.
"""
