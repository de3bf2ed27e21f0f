"""The reference portal: the page behind the link in an email. Static files, no build step."""
