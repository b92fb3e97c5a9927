"""The words of the samples, apart from how they are set on a page.

Everything here was written for this project. Blank lines separate paragraphs; line breaks inside a
paragraph mean nothing, because the typesetter breaks lines anew.
"""
