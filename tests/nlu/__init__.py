"""Tests of understanding, one module each; the sentence files stand in tests/corpus and tests/rejections."""
