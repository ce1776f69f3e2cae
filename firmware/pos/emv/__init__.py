"""Entry point and kernels: generators that yield C-APDUs and return an outcome."""
