"""Videos become pages: which frames are read, how long lines are seen, and what makes a page.

`strokes` and `watch` look at small pictures and tell what stands still and has not been read; `scrolling`
tells what merely moved; `tracks` and `segment` follow lines over time; `pages` puts a stretch of the video
into words; `reader` orders all of it.
"""
