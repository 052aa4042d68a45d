"""The border: whatever comes out of a file is checked here, once, before anything follows an offset, an index
or a length that it tells. What is behind may trust it."""
