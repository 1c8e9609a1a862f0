"""A new site's words: there from the first start, and from then on the staff's own."""

from __future__ import annotations

import re

import pytest

from gallery import words
from gallery.models import Feature, Question, Review

pytestmark = pytest.mark.django_db


def test_a_new_site_has_features_and_questions_and_no_invented_review():
    assert words.sync_words() == Feature.objects.count() + Question.objects.count()
    assert Feature.objects.count() >= 4
    assert Question.objects.count() >= 4
    assert not Review.objects.exists()


def test_a_second_start_adds_nothing():
    words.sync_words()
    assert words.sync_words() == 0


def test_what_staff_changed_and_deleted_stays_so():
    words.sync_words()
    Feature.objects.update(title="Ours")
    Question.objects.all().delete()
    words.sync_words()
    assert set(Feature.objects.values_list("title", flat=True)) == {"Ours"}
    assert not Question.objects.exists()


def test_a_site_with_words_of_its_own_gets_none_of_ours():
    Question.objects.create(question="Ours?", answer="Yes.")
    words.sync_words()
    assert Question.objects.count() == 1


def test_the_first_words_keep_the_house_voice():
    words.sync_words()
    texts = [f"{row.title} {row.text}" for row in Feature.objects.all()]
    texts += [f"{row.question} {row.answer}" for row in Question.objects.all()]
    for text in texts:
        assert not re.search(
            r"!|\boops\b|\bplease\b|\btoken|\bartwork|\bdream", text, re.IGNORECASE
        )
