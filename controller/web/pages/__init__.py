"""The pages, one file each: ask the App, fill a context, render. `table` holds the door."""
