"""Numbers that say whether generated images can be trusted."""
