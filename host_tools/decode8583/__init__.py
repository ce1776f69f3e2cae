"""Frames of the direct-POS dialect taken apart for an engineer: ``taptill decode iso8583``."""
