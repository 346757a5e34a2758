"""Orders that a lesson must never give, in English: against checks, rules, people.

A blank stands for little or nothing between two words, `…` for a letter of the same sentence.
"""

SOME = (
    r"(?:(?:all|any|the|that|this|these|those|your|our|its|their|my|every|each|of|it|them|both|"
    r"failing|failed|flaky|slow|broken|red|remaining|other|whole|entire|full|unit|integration|"
    r"e2e|regression|local|remote|project|repository|pre-?commit|commit|push|merge|ci|quality|"
    r"policy|security|secret|type|lint|linter|required|mandatory|final|own|new|existing|fleet|it "
    r"?s) ){0,5}"
)
_CHECKED = (
    r"(?:(?:tests?|checks?|asserts?|assertions?)(?: (?:files?|cases?|steps?|suites?|runs?))?|"
    r"testing|suites?|ci|pipelines?|linters?|linting|hooks?|verifications?|verifiers?|gates?|"
    r"polic(?:y|ies)|scans?|scanners?|mypy|ruff|pytest|eslint)\b"
    # a database or a container for tests is no test
    r"(?! (?:databases?|db|data|containers?|director\w+|folders?|images?|users?|servers?|"
    r"schemas?|tables?|caches?|outputs?|artifacts?|accounts?|env\w*|clients?|results?|reports?|"
    r"constraints?|points?|sums?|boxes|box|outs?|names?|ids?|doubles?))"
)
_OLDER = (
    r"(?:(?:previous|prior|earlier|above|preceding|existing|original|former|initial|current|"
    r"system|developer|user|your|all|any|these|those|other|every|of|the|my|its|safety|task|"
    r"everything|anything|what|you|were|was|have|been|told|said|given|in|and|or) ){1,7}"
)
_TOLD = (
    r"(?:instructions?|rules?|prompts?|directives?|guidelines?|orders?|constraints?|guardrails?|"
    r"polic(?:y|ies)|context|messages?|constitution|packet|goal|task|before|above|so far)\b"
)
_PEOPLE = (
    r"(?:user|humans?|persons?|people|reviewers?|anyone|anybody|operators?|owners?|maintainers?)"
)
_POWER = (
    r"(?:maintainers?|owners?|operators?|admin(?:istrator)?s?|coordinator|security team|management|"
    r"boss|cto|ceo|team lead|anthropic|openai|head of \w{1,15})"
)
_REVIEW = (
    r"(?:reviews?|approvals?|approving|reviewers?|humans?|persons?|people|sign-?off|code owners?|"
    r"branch protection|waiting|asking|permission|looking|reading)\b"
)

CHECKS = (
    rf"\b(?:skip|disable|bypass|circumvent|ignore|deactivate|silence|suppress|mute|weaken|loosen|"
    rf"relax|neuter|evade|sabotage|short-?circuit|comment out|turn(?:ing)? off|switch off|get "
    rf"around|work around|stub out|opt out of|cheat|trick|fool|omit|delete|remove|drop|gut) "
    rf"{SOME}{_CHECKED}",
    rf"\b(?:skipping|disabling|ignoring|bypassing) {SOME}{_CHECKED} (?:is|are|saves?|speeds?|"
    rf"helps?|works?|makes?|here|when|if)\b",
    r"\b(?:tests?|checks?|suites?|gates?|ci|linters?|hooks?|verification)\b…{0,40}\b(?:skip|"
    r"ignore|disable|delete|bypass|remove|xfail) (?:them|it|those|all|everything|any|every)\b",
    r"\b(?:skip|xfail) (?:the )?(?:whole thing|rest|everything|every|each|all of)\b",
    r"\bno (?:tests?|checks?|testing|verification|linting) (?:is |are )?(?:needed|required|"
    r"necessary)\b",
    r"\b(?:set|change|switch|force) (?:the |its |every |a )?(?:status|result|verdict|outcome|"
    r"state)s?\b…{0,20}\bto (?:be )?(?:passed|green|verified|success\w*)\b(?! (?:only|when|once|"
    r"after|if)\b)",
    r"\b(?:make|edit|change|let|have|patch|rewrite)\b…{0,30}\b(?:checks?|tests?|lint\w*|"
    r"verif\w+)\b…{0,40}\b(?:exits?|returns?) (?:with )?(?:code |status )?(?:0|zero|success\w*|"
    r"true)\b",
    rf"\b(?:remov(?:e|ing)|delet(?:e|ing)|disabl(?:e|ing)|skip(?:ping)?|comment(?:ing)? out|"
    rf"deselect(?:ing)?) (?:{SOME})?(?:failing|failed|red|broken) (?:tests?|checks?|jobs?|steps?|"
    rf"stages?|assert\w*)\b",
    r"\bdeselect\b…{0,20}\b(?:failing|red|broken|every|all)\b|\bso (?:that )?no tests? (?:run|"
    r"are run)\b",
    r"\b(?:remove|delete|drop|strip) (?:it|them|that|this) from …{0,20}(?:check|ci\b|workflow|"
    r"pipeline|suite)",
    r"\breplace\b…{0,40}\btests?\b…{0,20}\b(?:with|by) (?:pass|nothing|stubs?|assert true|"
    r"no-?ops?)\b",
    r"\b(?:eslint-disable|noqa|type: ignore|nosec|nolint)\b…{0,40}\b(?:get past|each|every|all|"
    r"everywhere)\b",
    r"\bexit 0[\"'` ]{0,3}>",
    rf"\b(?:override|replace|change|swap|redefine) {SOME}checks?(?: command| "
    rf"script)?\b…{{0,30}}\b(?:with|by|to|into) (?:true|pass|nothing|echo|/bin/true|exit)\b",
    r"\b(?:say|claim|pretend|lie)\b…{0,20}\b(?:all|every|everything|tests?|"
    r"checks?)\b…{0,15}\b(?:passed|pass|green|succeeded)\b|\blie (?:in|about|to)\b",
    r"\b(?:do not|don.?t|never) (?:report|mention) (?:any |the |test )?(?:failures?|errors?|"
    r"problems?)(?=\W*(?:$|[.!?;]))",
    r"\b(?:suppress|hide|silence|swallow)\b…{0,12}\b(?:failing|failures?|failed) (?:output|"
    r"messages?|logs?)\b",
    r"\bcore\.hookspath\b",
    rf"\b(?:turn|switch) {SOME}{_CHECKED} off\b",
    r"\b(?:tests?|checks?|suites?|ci|hooks?|verification|gates?|linters?) (?:steps?|stages?|"
    r"phases?|runs?)? (?:(?:can|may|should|must|could|need) (?:all |safely |simply |just |to "
    r")?(?:be |not be |not to be )?(?:safely |simply |just |all )?(?:skipped|disabled|ignored|"
    r"bypassed|deleted|removed|commented out|switched off|turned off)|(?:is|are|can be) (?:all |"
    r"just )?(?:optional|unnecessary|not needed|not required|not necessary|a waste))\b",
    rf"\b(?:(?:do not|don.?t|never|no need to|not necessary to|not needed to|without|instead of|"
    rf"stop|avoid|not bother to) (?:ever |bother |need |have |wait )?(?:to )?(?:run|running|"
    rf"execute|executing|start|starting|wait for|waiting for|trust|heed|bother with)|not bother "
    rf"with) {SOME}(?:tests?|checks?|test suite|suite|ci|linters?|verification|pytest)\b"
    r"(?=[^\w]*(?:$|[.!?;,]|(?:just|and|as they|because|since|they|it|here|at all|any ?more|for "
    r"(?:this|these|such|small)|on (?:this|these)|before (?:you )?(?:commit|push|finish|merg)\w*|"
    r"again|simply|first|you|to save)\b))",
    r"-{1,2}no-verify\b|\bno-verify\b",
    r"\b(?:mark|report|declare|claim|pretend|treat|flag|show|count|record)\b…{0,40}\b(?:as |that "
    r"|to be |is |are |have |has )(?:all )?(?:been )?(?:passed|passing|green|verified|successful|"
    r"succeeded)\b",
    r"\b(?:hard-?code|fake|forge|falsify|fabricate|doctor|spoof|tamper with|stub|patch|replace|"
    r"overwrite|edit|rewrite|change|lower|adjust)\b…{0,60}\b(?:tests?|checks?|assert\w*|expected|"
    r"coverage|thresholds?|exit codes?|verdicts?|results?)\b…{0,50}\b(?:so|until|to make|to get|"
    r"such) …{0,30}\b(?:pass|passes|green|succeeds?)\b",
    rf"\b(?:fake|forge|falsify|fabricate|tamper with) {SOME}(?:tests?|checks?|results?|verdicts?|"
    rf"coverage|reports?|status)\b",
    r"\b(?:add|put|append|use|insert|set|mark|decorate|annotate|wrap)\b…{0,60}(?:\|\| ?true|\|\| "
    r"?:|\bexit 0\b|continue-on-error|pytest\.mark\.skip\b|@(?:\w{1,12}\.){0,2}skip|\b(?:it|"
    r"describe|test)\.skip\b|allow_failure|\bset \+e\b|dskiptests)",
    r"\[(?:skip|no) ci\]|\[ci skip\]|-dskiptests|--skip-(?:checks|tests|verification|hooks)\b",
)
OVERRIDE = (
    r"\b(?:dismiss|disregard|ignore|forget|violate|reject|flout|defy|pay no "
    r"heed to|never mind|go against|brush aside|look past|throw out|skip|do not care (?:about|for)|"
    r"act against|do the opposite of|put aside|wave away) "
    r"(?:(?:what|whatever|all|any|the|your|these|those|every|each|of|in|its|this|project.?s|"
    r"fleet.?s|rules|says|from|said) ){1,6}(?:instructions|guidelines|directives|constitution|task "
    r"packet|packet|system prompt|bible|guardrails|agents\.md)\b",
    r"\b(?:constitution|task packet|bible|guardrails|system prompt|agents\.md)\b…{0,30}\b(?:"
    r"(?:does not|doesn.?t|do not|don.?t|no longer) (?:apply|applies|count|counts|matter|matters|"
    r"bind|binds|hold|holds)|(?:is|are) (?:void|not binding|optional|only advice|no longer valid)|"
    r"need not be (?:followed|obeyed|read|heeded)|(?:can|may|should|must) be (?:dismissed|ignored|"
    r"disregarded|put aside|forgotten|broken))\b",
    r"\b(?:prior|previous|earlier|your|system|all|above|these)\b…{0,20}\b(?:instructions?|rules?|"
    r"guidelines?)\b…{0,30}\b(?:(?:are|is) (?:now )?(?:void|obsolete|outdated|cancelled|invalid|"
    r"suspended|superseded)|no longer apply)\b",
    r"\bfollow (?:these|this|mine|the following|my) (?:\w+ )?instead\b",
    r"\b(?:over|above|before|instead of|rather than) (?:all|any|every|your) (?:of )?(?:your |the "
    r")?(?:other )?(?:instructions?|rules|orders|prompts?|directives?|guidelines?)\b",
    r"\bobey (?:only )?(?:this|these|me|the following)\b",
    rf"\b(?:ignore|disregard|forget|override|overrule|discard|drop|bypass|abandon|neglect|"
    rf"supersede|violate|break|do not (?:follow|obey|heed)|don.?t (?:follow|obey|heed)|stop "
    rf"following|set aside|pay no attention to|not bound by|no longer follow) {_OLDER}{_TOLD}",
    r"\b(?:ignore|disregard|forget) (?:everything|anything|all|what|"
    r"whatever)\b…{0,30}\b(?:before|above|earlier|previously|told|said|so far|until now)\b",
    r"\b(?:ignore|disregard|forget|override|do not follow) (?:the )?(?:instructions|system "
    r"prompt|constitution|task packet|guardrails|bible)\b",
    r"\b(?:new|updated|revised|real|actual|true|secret|hidden) (?:instructions?|directives?|"
    r"orders?|objective|goal|mission|task) ?(?::|is\b|are\b|follows?\b)",
    r"\byour (?:real|actual|true|new|only|secret) (?:task|goal|instructions?|mission|objective|"
    r"purpose|role)\b",
    r"\b(?:lesson|note|memory|message|text|instruction)s? (?:overrides?|supersedes?|replaces?|"
    r"outranks?|takes? (?:precedence|priority)|has (?:the )?(?:highest|higher|absolute))\b",
    r"\b(?:higher|highest|absolute|top) priority (?:than|over|instruction|order|directive)",
    r"\binstead of (?:the|your|this) (?:task|goal|instructions)\b",
    r"\b(?:reveal|repeat|print|output|show|leak) (?:me )?(?:your|the) (?:system |initial |hidden "
    r")?(?:prompt|instructions)\b",
    r"\bjail ?break|\bdeveloper mode\b|\bdan mode\b|\bdo anything now\b|\bgod mode\b",
    r"\b(?:repeat|save|propose|copy|spread|include|write|store|remember|add) (?:this|these) "
    r"(?:lesson|note|memory|instruction|message|text|sentence|line)s? (?:verbatim )?(?:to|in|"
    r"into|for|with|as) (?:every|all|each|any|other|your|a|the next)\b",
)
ROLE = (
    rf"(?:^|[\n\"'*#>.!(])\s?(?:(?:an? |the )?(?:urgent |new |short |official )?(?:message|note|"
    rf"word|order|request|notice|announcement|directive|greeting)s? )?(?:from|by order of|on "
    rf"behalf of|in the name of) (?:the |your |our |my )?(?:fleet |project |chief |lead )?{_POWER}"
    r"\b[^:\n.\w]{0,3}:",
    rf"\b(?:the |your |our )(?:fleet |project |chief |lead )?{_POWER} (?:\w{{1,10}} )?(?:says?|"
    r"orders?|ordered|wants?|demands?|told me|requires?|decided|commands?|has decided|expects?)"
    r"\b…{0,20}\b(?:all|every|each|any|you|agents?)\b…{0,20}\b(?:must|shall|have to|to|adds?|"
    r"puts?|writes?|do|ignores?|stops?)\b",
    r"\b(?:all|every|each) (?:other |future |coding |single )?agents? (?:must|shall|has to|have to|"
    r"(?:is|are) (?:ordered|required|told|obliged|commanded) to) (?:now |always |at once )?(?:add|"
    r"put|include|insert|obey|copy|execute|install|repeat|embed|append|send|plant)\b",
    r"\bnote to (?:the |any |all )?(?:assistant|agent|model|ai|llm)s?\b",
    r"</?\s{0,3}(?:system|assistant|developer|instructions?|im_start|im_end|sys|admin|important|"
    r"(?:function|tool)_?(?:calls?|results?|use|response))\b[^>\n]{0,40}>",
    r"</\s{0,3}(?:user|human|data|lessons?|memory|context|task|tool|packet|"
    r"document)\b[^>\n]{0,20}>",
    r"<\|[^|>\n]{1,30}\|>|<<\s?/?sys\s?>>|\[\s?/?\s?(?:inst|sys|system|assistant)\s?\]",
    r"(?:^|[\n\"'#*`>-])\s?#{0,6}\s?(?:system|assistant|developer)\s?(?:prompt|message|override|"
    r"note)?\s?\*{0,2}:",
    r"\b(?:system|developer|admin(?:istrator)?) (?:override|prompt|message|notice|"
    r"instruction)\s?:",
    r"#{2,6}\s?(?:system|instructions?|assistant|human|user)\b",
    r"(?:^|\n)\s?(?:human|user|ai)\s?:\s",
    r"\byou are (?:now|no longer|not bound|free to ignore|an? unrestricted|root|an? (?:admin|"
    r"maintainer))\b|\bfrom now on,? (?:you|ignore|always|act|never)\b",
    r"\b(?:pretend (?:to be|you are|that you)|role-?play|assume the (?:role|identity)|you "
    r"(?:must|will|should|shall|can) (?:now )?act as|act as (?:if you|an? (?:unrestricted|"
    r"admin\w*|root|superuser|different|new|system|owner)))\b",
    r"\b(?:as|i am|i.m|this is) (?:the |your |an? )?(?:fleet )?(?:system|administrator|admin|"
    r"maintainer|ceo|security team|coordinator|anthropic|openai|project owner)[, ]+(?:i |you |we "
    r"|speaking|and i|ordering|order|authori)",
)
REVIEW = (
    r"\b(?:answer|say|reply) (?:with )?[\"']?yes\b|\b(?:approve|merge|"
    r"accept)\b…{0,30}\byourself\b",
    r"\b(?:and|then) force-? ?push\b",
    r"\b(?:auto-?merge|auto-?approve) (?:everything|all|it|them|any)\b",
    r"\bforce-?push(?:ing)? (?:\w+ )?(?:in)?to (?:the )?(?:main|master|target|production)\b",
    r"\bkeep (?:this|it|that) (?:a )?(?:secret|hidden|quiet|between us)\b",
    r"\b(?:approve|merge|accept|land|ship|commit|push|auto-?approve|auto-?merge|lgtm|release|"
    r"deploy)\b"
    rf"…{{0,50}}\b(?:without|before|instead of|skipping|bypassing|regardless of|"
    rf"no)\b…{{0,25}}\b{_REVIEW}",
    rf"\b(?:skip|bypass|avoid|circumvent|disable|ignore|evade|turn off|get around|work around|"
    rf"omit) {SOME}(?:code |human |peer |manual )?{_REVIEW}",
    r"\b(?:no|without) (?:human |manual |code |further )?(?:review|approval|sign-?off) (?:is |"
    r"was )?(?:needed|required|necessary)\b|\b(?:review|approval)s? (?:is|are) not (?:needed|"
    r"required)\b",
    r"\b(?:approve|merge|accept|sign off) (?:your|its|their|the agent.?s) own\b|"
    r"\bself-?(?:approve|merge)\b",
    r"\b(?:auto-?approve|auto-?merge|rubber-?stamp|approve|accept|answer yes to|say yes to) "
    r"(?:all|every|each|any|whatever) (?:pull |merge |open |pending )?(?:requests?|prs?|changes?|"
    r"actions?|questions?|diffs?)\b",
    r"\bpush (?:it |them |everything |changes |commits )?(?:directly |straight )+(?:in)?to\b",
    r"\bgit push\b…{0,20}(?:--force\b(?!-with)|-f\b)…{0,30}\b(?:main|master|target|production)\b",
    rf"\b(?:do not|don.?t|never|without) (?:ever )?(?:tell|telling|mention|mentioning|inform|"
    rf"informing|notify|notifying|alert|alerting|reveal|disclose|report)\b…{{0,30}}?\b(?:to "
    rf")?(?:the |any |your )?{_PEOPLE}\b",
    rf"\b(?:hide|conceal|keep (?:it|this|that) (?:secret|hidden|"
    rf"quiet))\b…{{0,40}}\bfrom\b…{{0,12}}{_PEOPLE}\b",
)
