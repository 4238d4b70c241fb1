"""`/w/<slug>/inbox/rules/`, `report/`, `alarms/`, `people/`, and `/w/<slug>/settings/answers/`."""

from django.urls import path

from kaja.web.inboxdesk import activity, alarms, keeping, leads, people, privately, quality, report, rules, targets

app_name = "inboxdesk"
urlpatterns = [
    path("inbox/rules/", rules.index, name="rules"),
    path("inbox/rules/new", rules.create, name="new_rule"),
    path("inbox/activity/", activity.index, name="activity"),
    path("inbox/rules/log/", rules.log, name="hits"),
    path("inbox/rules/log/undo", rules.undo, name="undo_hits"),
    path("inbox/rules/<uuid:rule_id>/", rules.rule, name="rule"),
    path("inbox/rules/<uuid:rule_id>/do", rules.do, name="do_rule"),
    path("inbox/private/", privately.index, name="private"),
    path("inbox/private/new", privately.create, name="new_private"),
    path("inbox/private/log/", privately.log, name="sendings"),
    path("inbox/private/log/stop", privately.stop, name="stop_sendings"),
    path("inbox/private/<uuid:reply_id>/", privately.private_reply, name="private_reply"),
    path("inbox/private/<uuid:reply_id>/do", privately.do, name="do_private"),
    path("inbox/alarms/", alarms.index, name="alarms"),
    path("inbox/alarms/<uuid:alarm_id>/", alarms.alarm, name="alarm"),
    path("inbox/alarms/<uuid:alarm_id>/see", alarms.see, name="see_alarm"),
    path("inbox/report/", report.index, name="report"),
    path("inbox/report/conversations", report.asked, name="asked"),
    path("inbox/quality/", quality.index, name="quality"),
    path("inbox/quality/draw", quality.draw, name="draw_quality"),
    path("inbox/quality/<uuid:card_id>/", quality.card, name="quality_card"),
    path("inbox/people/", people.index, name="people"),
    path("inbox/people/<uuid:person_id>/", people.person, name="person"),
    path("inbox/people/<uuid:person_id>/join", people.join, name="join_person"),
    path("inbox/people/<uuid:person_id>/part", people.part, name="part_person"),
    path("inbox/people/<uuid:person_id>/export", people.export, name="export_person"),
    path("inbox/people/<uuid:person_id>/erase", people.erase, name="erase_person"),
    path("inbox/people/<uuid:person_id>/hand-over", leads.hand, name="hand_over"),
    path("inbox/leads/", leads.index, name="leads"),
    path("inbox/leads/file", leads.files, name="lead_files"),
    path("inbox/leads/<uuid:lead_id>/", leads.lead, name="lead"),
    path("inbox/leads/<uuid:lead_id>/file", leads.file, name="lead_file"),
    path("inbox/leads/<uuid:lead_id>/take-back", leads.back, name="take_back_lead"),
    path("settings/keeping/", keeping.index, name="keeping"),
    path("settings/answers/", targets.index, name="targets"),
    path("settings/answers/new", targets.create, name="new_target"),
    path("settings/answers/<uuid:target_id>/", targets.target, name="target"),
    path("settings/answers/<uuid:target_id>/do", targets.do, name="do_target"),
]
