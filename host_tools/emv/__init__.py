"""EMV on the host's side: a TEST certification authority, and the terminal's EMV configuration."""
