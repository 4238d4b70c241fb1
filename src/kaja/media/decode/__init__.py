"""What reads foreign pictures and films; called only through `border.run_bounded`, since it may raise anything."""
