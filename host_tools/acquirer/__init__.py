"""The acquiring host: ISO 8583 server, issuer and ledger. Imports nothing from firmware."""
