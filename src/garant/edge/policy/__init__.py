"""The rules of the edge, pure: who may come from where (`addresses`), what HAProxy is told (`haproxy`), what the refused read (`pages`)."""
