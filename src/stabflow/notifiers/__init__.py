"""The notifiers that come with stabflow; each is imported when it is used."""
