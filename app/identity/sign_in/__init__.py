"""Signing clients in by a mailed link.

`request_link`: a client asks. `delivery`: the worker finds the clients with that address and mails
the links. `commands`: a link is exchanged for tokens, tokens are refreshed, a client signs out.
"""
