"""The `restate-proto` command line."""
