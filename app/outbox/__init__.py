"""Queues mails and events in the transaction of a change, and claims what is due."""
