"""Conditions that find the calling client and the requested session."""

from sqlalchemy import bindparam

from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Client
from app.tables.sessions import Session

ABOUT_CLIENT = of_practice(PRACTICE, Client, Client.id == bindparam("client_id"))
# The requested session, if it belongs to the client.
OWN_SESSION = of_practice(
    PRACTICE, Session, Session.client_id == Client.id, Session.id == bindparam("session_id")
)
