"""The panels of the attributes tab, one a file; `explorer.ui.tabs.attributes` lays them out."""
