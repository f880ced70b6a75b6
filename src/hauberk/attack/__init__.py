# SPDX-License-Identifier: Apache-2.0
"""Attacks on models and data, one file each.

An attack is pure: model view, domain, rows, budget and generator in, candidates with query counts out.
"""
