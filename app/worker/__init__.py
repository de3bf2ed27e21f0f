"""The worker process: sends mails and webhook events that are due."""
