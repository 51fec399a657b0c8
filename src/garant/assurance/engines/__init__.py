"""Looking at what is served: TLS, pages at several widths, accessibility, old browsers."""
