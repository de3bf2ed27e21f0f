"""Sign-in of clients by an emailed link.

`request_link`: a client asks for a link. `delivery`: the worker finds the clients with that address
and sends the links. `commands`: exchange a link for tokens, refresh tokens, sign out.
"""
