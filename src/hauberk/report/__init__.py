# SPDX-License-Identifier: Apache-2.0
"""A run goes in, a document comes out: terminal, JSON, SARIF, JUnit, Markdown, CSV, GitLab and HTML.

Pure functions of the run; values of personal columns are masked on the way.
"""
