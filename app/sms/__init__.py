"""Sends text messages through a gateway, or into the folder of mails if none is configured."""
