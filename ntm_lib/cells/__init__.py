"""One Keras cell a file."""
