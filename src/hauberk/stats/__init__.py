# SPDX-License-Identifier: Apache-2.0
"""Pure numbers: intervals for rates and medians, two-sample distances, sketches and counting kernels.

It takes arrays and returns arrays; it knows nothing of models, tables or files.
"""
