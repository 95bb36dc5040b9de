"""The shared documents: what travels between agencies.

Enters: JSON bytes, XML elements or Python values in the shared form. Leaves: frozen, validated documents and their
JSON, XML, JSON Schema and XSD. Refuses, by name and without echoing a value: whatever the published schema forbids.
This package imports neither the gateway nor an adapter.
"""
