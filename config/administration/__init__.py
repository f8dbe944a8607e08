"""What the people who run the installation see of it as a whole."""
