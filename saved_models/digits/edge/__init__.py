"""What runs on the device: NumPy, Pillow and LiteRT only. Bundles have copies of these files."""
