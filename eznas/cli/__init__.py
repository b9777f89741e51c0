"""The command line `eznas`: every command parses, calls and prints; `app.main` is where it begins."""
