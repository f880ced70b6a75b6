# SPDX-License-Identifier: Apache-2.0
"""One file a command group, loaded when it is used.

It maps options to `app` and results to streams and exit codes; it holds no logic.
"""
