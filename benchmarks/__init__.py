"""How fast, how large and how dear in API calls an import is. `make bench` measures and writes docs/speed.md."""
