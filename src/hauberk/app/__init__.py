# SPDX-License-Identifier: Apache-2.0
"""One file a use case.

The only place where ports meet adapters and where rooms that do not know each other are joined; configuration and the
demo live here.
"""
