# SPDX-License-Identifier: Apache-2.0
"""One small file a framework: from a model in that framework's own form to an `Opened` record."""
