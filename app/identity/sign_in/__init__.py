"""Sign-in of clients by an emailed link."""
