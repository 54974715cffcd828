"""The page that shows a run or a bundle."""
