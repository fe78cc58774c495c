"""The operations a person can ask for; page and command line are two skins over it."""
