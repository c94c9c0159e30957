"""Hubs and services that mean harm: HTTP by hand, so that they can say what no HTTP library would."""
