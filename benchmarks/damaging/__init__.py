"""What `damage.py` is made of: clean data sets, and what is done to them."""
