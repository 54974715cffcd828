"""What an agent acts in, with Gymnasium's interface: bundled worlds, and those of others made alike."""
