"""The pictures of the pages: drawn by code, in light and in dark. `make pictures` writes them."""
