"""The certificate authorities that outgoing connections trust."""

import ssl
from functools import cache

import certifi


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Return the TLS settings of outgoing connections: the authorities of the system and certifi.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` name those of the system. Connections share the result:
    loading the authorities takes longer than most requests.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
