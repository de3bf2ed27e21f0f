"""The certificate authorities that outgoing connections trust."""

import ssl
from functools import cache

import httpcore


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Return the TLS settings of outgoing connections: the authorities of the system and certifi.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` name those of the system. Connections share the result:
    loading the authorities takes longer than most requests.
    """
    return httpcore.default_ssl_context()
