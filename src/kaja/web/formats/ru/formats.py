"""Russian: months in the genitive and in lower case, 24 hours, the week begins on Monday."""

DATE_FORMAT = "j E Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "D, j E Y, H:i"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "j E"
SHORT_DATE_FORMAT = "j E"
SHORT_DATETIME_FORMAT = "j E, H:i"
FIRST_DAY_OF_WEEK = 1
