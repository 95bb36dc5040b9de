"""The simulated agencies, one module each: they know the published contract of the gateway, nothing of its inside."""
