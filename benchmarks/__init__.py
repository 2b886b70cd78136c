"""How fast Tocsin is, against rivals on the same machine in the same run: `python -m benchmarks`."""
