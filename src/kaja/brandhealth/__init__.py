"""Underlying brand opinion: what customers think, estimated from what people post.

A pure statistical library: no Django, no network. See ``docs/brandhealth.md``.

>>> from kaja.brandhealth import draw_people, measure_opinion
>>> opinion = measure_opinion(draw_people(1).counts)
"""

from kaja.brandhealth.posts.counting import Source, count_posts
from kaja.brandhealth.posts.counts import Counts, OpinionError, Pairs
from kaja.brandhealth.reading.analysis import Opinion, measure_opinion
from kaja.brandhealth.reading.survey import Survey, survey_from_answers
from kaja.brandhealth.reading.validate import Validation, validate
from kaja.brandhealth.worlds.people import PeopleWorld, draw_people
from kaja.brandhealth.worlds.simulate import ModelWorld, draw_from_model

__all__ = [
    "Counts",
    "ModelWorld",
    "Opinion",
    "OpinionError",
    "Pairs",
    "PeopleWorld",
    "Source",
    "Survey",
    "Validation",
    "count_posts",
    "draw_from_model",
    "draw_people",
    "measure_opinion",
    "survey_from_answers",
    "validate",
]
