"""What methods share: labelled examples, fine-tuning, frozen features."""
