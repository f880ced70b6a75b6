# SPDX-License-Identifier: Apache-2.0
"""Tables in batches, larger than memory.

Parquet, CSV, anything with the Arrow C stream or that narwhals understands; and the scan, a set of aggregations that
fuse into one pass.
"""
