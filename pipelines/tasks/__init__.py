"""One task a file, found by its name; see CONTRIBUTING.md for the contract."""
