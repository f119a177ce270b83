"""thoplw in the tools that train and test models: each module imports its own tool, and nothing else does."""
