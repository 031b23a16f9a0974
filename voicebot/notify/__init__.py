"""Telling people and programs outside that something happened."""
