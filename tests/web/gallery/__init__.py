"""Every shared fragment with made-up content, for the browser tests: nothing of this ships."""
