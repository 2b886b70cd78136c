"""The names that a plugin package may rely on: `from tocsin import Probe, …`. No logic lives here."""
