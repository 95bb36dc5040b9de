"""The aiohttp shell: sockets, limits, authentication, and the gateway's own API.

Enters: HTTP requests. Leaves: replies of endpoints, of the API and of public pages. Refuses: what is over a limit, as
early as it is known; who cannot be recognised, where a caller is needed.
"""
