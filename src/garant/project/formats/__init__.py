"""Formats of dates, times and numbers, one package a locale. Read by Django through FORMAT_MODULE_PATH."""
