"""Orders that a lesson must never give, in English: to make a red check look green.

A blank stands for little or nothing between two words, `…` for a letter of the same sentence.
"""

from fleet.domain.orders_english import SOME

_TEST_FILE = (
    r"(?:tests? (?:files?|cases?|bod(?:y|ies)|functions?|modules?|methods?|class(?:es)?|suites?)\b|"
    r"spec files?\b|check scripts?\b|(?:[\w./-]{0,60}/)?(?:test_\w{1,40}|\w{1,40}[._](?:test|spec))"
    r"\.\w{2,3}\b|bod(?:y|ies) of (?:the |all |each |every )?(?:tests?|checks?)\b|"
    r"scripts/(?:check|test|verify)\b)"
)
_ONE = r"(?:the|all|every|each|that|this|those|these|any|your|whole|failing|red|broken)"
_SCRIPT = r"\b(?:checks?|tests?|ci|lint\w{0,3}|verif\w{1,8}|hooks?|gates?)\b"
_NOTHING_TRUE = (
    r"(?:(?:self\.)?assert(?:true|_true|that)?[ (]{1,2}(?:true|1|not false)\b"
    r"(?! ?[=!<>]=?| is\b| in\b)|"
    r"assert 1 ?== ?1|expect\(true\))"
)
_GREEN = r"(?:green|pass|passes|passed|passing|succeeds?|happy|quiet)\b"
_LEFT_OUT = (
    r"(?:--deselect\b|--ignore(?:-glob)?\b|-[km][ =]?[\"']?not\b|--exclude[ =]\S{0,30}test|"
    r"--testpathignorepatterns\b)"
)
# tests that are left out by their names, and the files that make it last
_NAMED_OUT = r"(?:-k[ =]?[\"']?not\b|--deselect\b|--ignore(?:-glob)?[ =]\S{0,40}test)"
_SETTINGS = (
    r"(?:\baddopts\b|\b(?:setup\.cfg|pytest\.ini|tox\.ini|pyproject\.toml)(?!\w)|"
    r"\bscripts/(?:check|test|verify)\b)"
)
# told as what somebody did, it is a report
_NOW = r"\b(?<!had\s)(?<!was\s)(?<!were\s)(?<!someone\s)(?<!somebody\s)"
_OPTION = (
    r"(?:(?:the|an?|this|to|by|with|pytest|addopts|options?|flags?|switch|filter|line) ){0,4}"
    r"[\"'`]{0,2}"
)
_WANTED = (
    r"(?:what(?:ever)?\b…{0,15}\b(?:expected|expects?|wanted|wants?|asserts?|asserted|asks?|"
    r"compares?|compared)|(?:expected|wanted|right|correct|asserted) (?:values?|results?|"
    r"answers?|outputs?|returns?))\b"
)
_GATE = (
    r"(?:checks?|tests?|testing|verif(?:y|ication)|lint(?:ing|er)?|hooks?|ci|polic(?:y|ies)|"
    r"reviews?|validation|pre_?commit|gates?)"
)
_SET_ON = r"[\"']?(?: ?[=:] ?| to )[\"']?(?:1|true|yes|on|all)\b"
_SET_OFF = r"[\"']?(?: ?[=:] ?| to )[\"']?(?:0|false|no|off|none)\b"
# told as what happened, it is a report
_REPORTED = (
    r"(?![\"'`]?,? (?:(?:in|by|of|from) (?:\w{1,20} ){1,3})?(?:was|were|is|had|has|hid|hides|meant|"
    r"means|made|makes|kept|keeps|came|leaves|left)\b)"
)

EMPTIED = (
    rf"\b(?:empty|blank|gut|hollow|truncate|wipe|clear|strip|erase|void)(?: out)? (?:{_ONE} "
    rf")(?:(?:contents?|text|lines) (?:of|in) )?{SOME}{_TEST_FILE}",
    r"\b(?:empty|blank|gut|hollow|truncate|wipe|erase)(?: out)? (?:[\w./-]{0,60}/)?"
    r"(?:test_\w{1,40}|\w{1,40}[._](?:test|spec))\.\w{2,3}\b",
    rf"\b(?:leave|make|turn|cut|reduce) {SOME}{_TEST_FILE} (?:in)?(?:to )?(?:an? )?(?:empty|blank|"
    r"nothing|zero)\b",
    r"\b(?:tests?|checks?|specs?|assert\w{0,4}|suites?)(?: (?:files?|cases?|scripts?|suites?))? "
    r"(?:(?:is|are|looks?|seems?) (?:\w{1,10} )?(?:wrong|broken|bad|outdated|stale|useless|red|"
    r"flaky|failing|in the way|nonsense|to blame)|fails?)[,:]? (?:(?:so|then|and|just|simply|"
    r"please) ){1,3}(?:empty|blank|gut|hollow out|wipe|erase|delete|remove|drop|void|strip) "
    r"(?:it|them|that|those)\b",
    rf"\b(?:replace|change|turn|rewrite|swap|convert|exchange|simplify|reduce|make)\b…{{0,80}}\b"
    rf"(?:by|with|to|into|for)\b[ \"'`]{{0,3}}(?:an? )?{_NOTHING_TRUE}",
    rf"\b(?:write|use|put|insert|leave|assert only|add)\b…{{0,25}}[ \"'`]{_NOTHING_TRUE}",
)
ANSWERED = (
    rf"\b(?:write|put|insert|place|add|hard-?code|force|echo|paste)\b…{{0,20}}\b(?:exit|return)(?: "
    rf"code| status)? (?:of )?(?:0|zero|success)\b…{{0,40}}{_SCRIPT}",
    rf"\b(?:let|have|make|force|get|edit|change|patch)\b…{{0,30}}{_SCRIPT}…{{0,20}}\b(?:always |"
    r"simply |just )?(?:end|ends|finish|finishes|stop|stops|answer|answers|quit|quits|exit|exits|"
    r"return|returns)\b (?:with |by |at )?(?:an? |the )?(?:exit )?(?:code |status |value )?(?:of )?"
    r"(?:0|zero)\b",
    rf"\bhard-?code\b {SOME}(?:\w{{1,12}} )?{_WANTED}",
    r"\b(?:hard-?code|return|answer|bake in|write down|paste)\b…{0,30}\b(?:what|whatever|exactly "
    r"what|the (?:value|number|answer|result)s? (?:that )?)(?: the| each)? (?:failing |red )?"
    r"(?:tests?|asserts?|assertions?|checks?|suite) (?:wants?|expects?|asks?|compares?|needs?|"
    r"looks? for)\b",
    r"\bspecial-?case\b…{0,30}\b(?:tests?|fixtures?|assertions?)\b",
    rf"\b(?:mock|stub|patch|monkey-?patch|fake|replace|override|wrap)\b…{{0,60}}\b(?:so|to|that|"
    rf"and|until)\b…{{0,20}}\b(?:returns?|gives?|answers?|yields?|hands?)\b…{{0,15}}\b{_WANTED}",
    rf"\b(?:mock|stub|monkey-?patch|fake)(?: out| away)? {SOME}(?:failing|broken|red|failed|tested|"
    r"faulty) (?:function|method|call|module|code|class|part|unit|piece|feature)s?\b",
    r"\b(?:mock|stub|monkey-?patch|fake)(?: out| away)? …{0,30}\b(?:under test|that (?:fails?|is "
    r"(?:tested|red|broken|under test)|breaks? the tests?))\b",
)
LEFT_OUT = (
    r"\b(?:add|pass|put|append|use|give)\b[\s\"'`]{1,3}-n\b…{0,20}\b(?:to|with|for|in|when|on)\b"
    r"…{0,12}\bcommit",
    r"\bgit (?:-\w \S{1,30} )?commit\b[^|;&\n.,:]{0,60}?[\s\"'`]-[a-z]{0,2}n[a-z]?(?![\w-])"
    + _REPORTED,
    r"\bcommit (?:with|using|by) (?:the )?(?:flag |option |switch )?[\"'`]?-n(?![\w-])" + _REPORTED,
    rf"{_LEFT_OUT}…{{0,80}}\b(?:makes?|gets?|turns?|keeps?|is|are|becomes?|goes|so|until|and|to)\b"
    rf"…{{0,25}}\b{_GREEN}",
    r"\b(?:use|add|run|pass|put|call|set|append|try|with)\b…{0,40}--deselect\b" + _REPORTED,
    rf"{_NOW}(?:add|append|insert|put|set|write|use|place|keep) {_OPTION}{_NAMED_OUT}…{{0,60}}"
    rf"\b(?:to|in|into) (?:(?:the|its|your|pytest|command|options?|section|line|in|of) ){{0,5}}"
    rf"{_SETTINGS}",
    rf"{_NOW}(?:add to|append to|set|extend) (?:the )?addopts {_OPTION}{_NAMED_OUT}",
    rf"\b(?:in|to|into) …{{0,20}}{_SETTINGS} (?:under |section |add |append |insert |put |set "
    rf"|write |use ){{1,3}}{_OPTION}{_NAMED_OUT}",
    rf"(?:\blet …{{0,20}}{_SETTINGS}|{_SETTINGS} (?:should|must|shall|has to|needs to)) (?:hold|"
    rf"have|say|contain|read|be|run|use|with) {_OPTION}{_NAMED_OUT}",
    # made green by it: a report
    rf"(?<!made\s)\b{_GREEN}…{{0,25}}\b(?:by|with|using|when|if|once|through|thanks to)\b…{{0,40}}"
    rf"{_LEFT_OUT}",
    rf"(?<![a-z])(?:\w{{1,20}}_)?(?:skip|disable|bypass|ignore|omit)_?(?:all_|fleet_|unit_|e2e_|"
    rf"the_)?{_GATE}{_SET_ON}{_REPORTED}",
    rf"(?<![a-z])no_?(?:verify|checks?|tests?|hooks?|lint){_SET_ON}{_REPORTED}",
    rf"(?<![a-z])(?:\w{{1,20}}_)?(?<!health)(?<!health_){_GATE}_(?:skip|skipped|disable|disabled|"
    rf"off|bypass|ignore|ignored){_SET_ON}{_REPORTED}",
    rf"(?<![a-z])(?:husky|(?:run|enable|do)_(?:all_)?{_GATE}|{_GATE}_(?:enabled|on|required))"
    rf"{_SET_OFF}{_REPORTED}",
    r"(?<![\w])skip=[\w,-]{1,60} git (?:commit|push)\b",
)
CHECKS = (*EMPTIED, *ANSWERED, *LEFT_OUT)
