"""Receipts and other slips: records become printer bytes."""
