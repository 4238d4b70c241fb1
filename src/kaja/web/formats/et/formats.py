"""Estonian: an ordinal point after the day, 24 hours, the week begins on Monday."""

DATE_FORMAT = "j. F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "D, j. F Y, H:i"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "j. F"
SHORT_DATE_FORMAT = "j. F"
SHORT_DATETIME_FORMAT = "j. F, H:i"
FIRST_DAY_OF_WEEK = 1
