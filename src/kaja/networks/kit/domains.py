"""Top-level domains under which a word with a dot becomes a link: common ones and every country's (IANA, 2026-11).

For networks that link addresses written without https://.
"""

TOP_LEVEL_DOMAINS = frozenset(
    """
    com org net edu gov int info biz name app dev page blog shop store online site website tech xyz news media art
    museum design studio agency social cloud digital world earth eco life live club cafe bar pub restaurant hotel
    travel tours events school academy university science health care team work jobs company email chat video photo
    photos music film games game fun space wiki coop foundation ngo city berlin london paris tokyo wien koeln hamburg
    ac ad ae af ag ai al am ao ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf
    cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf
    gg gh gi gl gm gn gp gq gr gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km
    kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my
    mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd
    se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy
    uz va vc ve vg vi vn vu wf ws ye yt za zm zw
    """.split()  # noqa: SIM905 - 300 quoted strings would be harder to read
)
