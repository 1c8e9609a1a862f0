"""The pages of `generator`: create, runs, history, images, dashboard."""
