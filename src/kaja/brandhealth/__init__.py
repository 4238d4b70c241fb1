"""Underlying brand opinion: what customers think, estimated from what people post.

A pure statistical library: no Django, no network. See ``docs/brandhealth.md``.

>>> from kaja.brandhealth import draw_people, measure_opinion
>>> opinion = measure_opinion(draw_people(1).counts)
"""

from kaja.brandhealth.analysis import Opinion, measure_opinion
from kaja.brandhealth.counting import Source, count_posts
from kaja.brandhealth.counts import Counts, OpinionError, Pairs
from kaja.brandhealth.simulate import ModelWorld, draw_from_model
from kaja.brandhealth.survey import Survey, survey_from_answers
from kaja.brandhealth.validate import Validation, validate
from kaja.brandhealth.worlds import PeopleWorld, draw_people

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
