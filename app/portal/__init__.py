"""The reference portal: the page that links in mails open. Static files, no build step."""
