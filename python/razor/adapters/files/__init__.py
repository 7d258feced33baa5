"""Files: settings files, run directories and what is written into them."""
