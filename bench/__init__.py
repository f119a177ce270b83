"""The speed suite: how long each tool needs to count a model, against real and meta forwards."""
