"""Orders that a lesson must never give, as commands: on credentials, fetched code, destruction.

A blank stands for little or nothing between two words, `…` for a letter of the same sentence.
"""

from fleet.domain.orders_english import SOME

_SECRETS = (
    r"(?:env|environment(?: variables?)?|env vars?|api[ -]?keys?|(?:ssh|private|access|secret|"
    r"deploy|signing)[ -]?keys?|(?:access |auth |api |bearer |github |session )?tokens?|"
    r"passwords?|passwd|secrets?|credentials?|cookies|\$\w{0,20}(?:key|token|secret|"
    r"password)\w{0,9})\b(?! (?:expir\w+|counts?|usage|types?|ids?|names?|scopes?|lengths?|"
    r"refresh\w*|budgets?|limits?|buckets?|errors?|rotat\w+|scan\w*|version|mismatch|in "
    r"use))(?!=)"
)
_KEPT_PLACES = (
    r"(?:~?/?\.ssh\b(?!/known_hosts|/config)|id_rsa|id_ed25519|id_ecdsa|\.aws/|\.netrc|\.pypirc|"
    r"\.git-credentials|\.kube/config|\.docker/config|/etc/shadow|/proc/\w+/environ|/run/secrets|"
    r"/fleet/secret|\.gnupg|login\.keychain|(?<!to\s)(?<!\w)\.env\b(?!\.|-))"
)
_POSTED = (
    r"(?:gist|paste ?bin|haste ?bin|drop ?box|google drive|discord|telegram|slack|"
    r"web ?(?:site|page)|link|attachment|internet|forum|stranger)s?\b"
    # the folder of a web page, the checker of links
    r"(?=\W*(?:$|[.!?;,:\n]|(?:in|of|at|by|that|which|first|before|and|to|on|when|if|for|as)\b))"
)
_ELSEWHERE = r"https?://(?!localhost|127\.|0\.0\.0\.0|\[::1|example\.|host\.docker)"
_SHELL = r"(?:sudo )?(?:/\w{1,9}/(?:\w{1,9}/)?)?(?:env )?(?:ba|z|k|da|a|fi|c)?sh\b"
_RUNS = rf"(?:{_SHELL}|(?:sudo )?(?:python[\d.]*|perl|ruby|node|php|iex|source|deno|bun)\b)"

CREDENTIALS = (
    rf"\b(?:export|save|write|store|put|move|record|add|back up) "
    rf"{SOME}{_SECRETS}…{{0,30}}\b(?:in|to|into|on) (?:a |the |your |every |each )?(?:\w+ "
    rf")?(?:logs?|traces?|readme|commits?|pr|prs|pull requests?|description|comments?|worktree|"
    rf"repository|branch|\w+\.(?:txt|log|md))\b",
    r"\b(?:export|save|write|store|dump) (?:all |the |your |every )*(?:env|"
    r"environment)\b…{0,20}\bto (?:a |the )?(?:\w+ )?file\b",
    rf"\b(?:find|collect|gather|get) {SOME}{_SECRETS}…{{0,40}}\b(?:and|then) (?:save|send|keep|"
    rf"store|print|list|write)\b",
    rf"\b(?:find|look|search|scan|hunt|grep|dig|check) (?:for|through) "
    rf"{SOME}{_SECRETS}…{{0,40}}\b(?:home|environment|machine|host|disk|list|save|send|collect|"
    rf"keep)\b",
    rf"\b(?:print|echo|cat|dump|log|display|reveal|encode|expose|paste|include|commit|attach|"
    rf"embed|leak|steal|collect|gather|harvest|exfiltrate|copy|show|list|output|write out|write "
    rf"down|tell|return|hand over|extract|grab|fetch|send|post|upload|share|forward|mail) "
    rf"{SOME}(?:(?:contents?|values?|full|value) (?:of )?)?{SOME}{_SECRETS}",
    rf"\b(?:print|echo|cat|dump|log|display|paste|include|commit|attach|embed|copy|show|read|"
    rf"open|list|look|find|search|grep|use|take|check|load|tar|zip|send|upload|less|head|write|"
    rf"save|add|put|append|move|store)\b…{{0,40}}?{_KEPT_PLACES}",
    rf"\b(?:post|quote|reveal|share|report|publish|tell|summari[sz]e|repeat|mention|attach|encode|"
    rf"embed|transcribe|reproduce|describe|disclose|place|give) (?:(?:the|all|its|whole|full|what|"
    rf"whatever|every|line|lines|contents?|text|values?|in|of|from|us|me|them) ){{0,5}}"
    rf"{_KEPT_PLACES}",
    rf"\b(?:summary|report|description|comments?|logs?|trace|pr|commit|readme|lesson)\b…{{0,20}}\b"
    rf"(?:should|must|shall|has to|needs to) (?:contain|hold|include|quote|list|show|"
    rf"repeat|have)\b…{{0,40}}{_KEPT_PLACES}",
    r"\bprintenv\b|(?:^|[\s`\"'|;&(])env ?(?:\||>)|\bprint\(os\.environ\)|\bset ?\| ?(?:curl|nc)",
    r"\b(?:169\.254\.169\.254|metadata\.google\.internal)\b",
)
FETCHED = (
    rf"\b(?:run|execute|install|start|launch|source)\b…{{0,70}}\b(?:from|off|behind|out of) "
    rf"(?:the |an? |my |our |your |this |that |some )?(?:\w{{1,15}}\s){{0,2}}{_POSTED}",
    r"\b(?:run|execute|install|start|launch|source)\b…{0,40}\bthat (?:the |a |this |my )?(?:gist|"
    r"forum|page|site|post|link|issue|comment|thread) (?:links?|points?|holds?|offers?|names?|"
    r"shows?|recommends?|gives?|has)\b",
    r"\b(?:gist|paste ?bin|haste ?bin|drop ?box|discord|telegram)\b…{0,60}\b(?:run|execute|source|"
    r"start|launch|install) (?:it|this|that|them|the (?:script|command|code|file)s?)\b",
    rf"\b(?:run|execute|source|import|install|load|use)\b…{{0,40}}\b(?:script|code|installer|"
    rf"program|binary|payload|package|tool|command|plugin|library|"
    rf"version)s?\b…{{0,20}}{_ELSEWHERE}",
    r"\bcron(?:tab| ?job)?\b…{0,40}\b(?:pings?|curls?|wget|calls?|sends?|fetch\w*|posts?|"
    r"https?)\b",
    rf"\b(?:curl|wget|fetch|iwr|invoke-webrequest|http)\b[^|\n]{{0,160}}\|[|&]? ?{_RUNS}",
    rf"\bbase(?:64|32)\b[^|\n]{{0,80}}\|[|&]? ?{_RUNS}|\bxxd -r[^|\n]{{0,60}}\|[|&]? ?{_RUNS}",
    rf"{_SHELL}(?: -\w+)? ?[\"']?(?:\$\(|<\(|`) ?(?:curl|wget|echo|base64)",
    r"\b(?:eval|exec|source|iex)\b ?[\"'(]{0,3}(?:\$\(|<\(|`) ?\w+",
    r"\b(?:eval|evaluate|exec|execute|run|source|interpret|import)\b…{0,40}\b(?:downloaded|"
    r"fetched|remote|decoded|base64|response|payload|from the (?:web|internet|url))\b",
    r"\b(?:download|fetch|get|curl|wget|decode|pull|retrieve)\b[^!?;\n]{0,100}(?:\b(?:and|then)|"
    r"&&|;|,) ?(?:\w+ )?(?:to )?(?:run|execute|source|eval|launch|start|chmod \+x|pipe|bash|sh|"
    r"install) (?:it|this|that|them|\.?/|\w+\.sh|the (?:script|installer|file|binary|program|"
    r"code|payload|output|result))\b",
    r"\bpipe\b…{0,60}\b(?:in)?to (?:a |the |your )?(?:shell|bash|sh|zsh|python|interpreter)\b",
    r"\bpython[\d.]* -c\b[^\n]{0,60}(?:urlopen|urllib|requests|exec|b64decode|socket)",
    r"\bexec\((?:base64|requests|urllib|__import__|urlopen)|\bpowershell\b[^\n]{0,40} -e(?:nc|"
    r"c)?\b",
    r"/dev/(?:tcp|udp)/|\b(?:nc|ncat|netcat)\b[^\n]{0,40} -[ec]\b|\bbash -i\b|\breverse shell",
    r"\b(?:pip3?|uv|npm|pnpm|yarn|gem|cargo|npx|uvx)\b…{0,60}(?:--(?:extra-)?index-url|"
    rf"--registry|--trusted-host|git\+|install|add)[ =]{{0,2}}{_ELSEWHERE}",
)
SEND = (
    r"\$\{\{ ?secrets\.\w+[^\n]{0,40}https?://",
    r"\b(?:send|post|upload|submit|transmit|forward|exfiltrate|leak|e?-?mail|push|copy|ship|"
    r"beacon|publish|deliver|report|share|sync|paste|mirror|stream)\b…{0,80}?(?:"
    rf"{_ELSEWHERE}|ftp://|\bpastebin|\btransfer\.sh|\bngrok|\brequestbin|\bwebhook\.site|"
    r"\bdiscord(?:app)?\.com|\bt\.me/|\b\w+@\w+\.\w|\b(?:my|external|remote|public|foreign|"
    r"outside) (?:server|host|address|bucket|site|endpoint)|\b(?:an?|my|our|this|that|public) "
    r"(?:public )?(?:gist|paste|webhook|collector|drop box)\b)",
    rf"\b(?:curl|wget|http)\b[^\n]{{0,80}}\s(?:-d|-f|-t|--data\S*|--form|--upload-file|"
    rf"--post-\w+|-x ?post)\b[^\n]{{0,100}}{_ELSEWHERE}",
    rf"\b(?:curl|wget|http)\b[^\n]{{0,60}}{_ELSEWHERE}[^\n]{{0,100}}\s(?:-d|-f|-t|--data\S*|"
    rf"--form|"
    r"--upload-file|--post-\w+|-x ?post)\b",
    r"https?://[^\s\"'`]{0,80}(?:\$\(|\$\{?\w{0,20}(?:key|token|secret|password))",
    r"\b(?:dig|nslookup|host|ping)\b[^\n]{0,40}\$\(|\bexfiltrat",
    r"\b(?:scp|rsync|sftp)\b…{0,60}\w@[\w.-]+:|\|[|&]? ?(?:nc|ncat|netcat|socat)\b",
    rf"\bgit (?:remote (?:add|set-url)|push)\b…{{0,40}}(?:{_ELSEWHERE}|git@)",
)
DAMAGE = (
    r"\b(?:mount|bind|bind-mount|map|expose|share|pass|attach|give|hand|hand over)\b…{0,40}\b"
    r"(?:docker|containerd|podman)(?:\.| )?sock(?:et)?\b",
    r"\buse …{0,10}\bdocker sock(?:et)? to\b",
    r"(?:\s-v|--volume|--mount)\b[^\n;]{0,40}\b(?:docker|containerd|podman)\.sock\b",
    r"\b(?:escape|break out|break free|get out|climb out|jump)\b…{0,20}\b(?:on|in)?to the host\b|"
    r"\bbreak (?:out|free) (?:of|from) (?:the |your |this )?(?:container|sandbox|jail)\b|"
    r"\bnsenter\b|--pid[= ]host\b|/proc/1/root\b|\bchroot /host\b",
    r"\bmount (?:the )?(?:host.?s? (?:root|file ?system|disk|home|/)|root of the host|whole host|"
    r"disk of the host)",
    r"\bbudget\b…{0,20}\b(?:unlimited|infinite)\b",
    r"\bescape (?:from )?(?:the |this |its )?(?:container|sandbox|chroot|jail)\b",
    r"\b(?:delete|remove|wipe|rm) (?:the |your |its )?\.git\b(?![\w/-]|ignore|attr|mod|keep)",
    r"\b(?:give|grant) (?:the |every |all |your |any )?(?:agents?|users?|everyone|yourself|it|"
    r"containers?) (?:root|admin\w*|full|sudo) (?:access|rights|permissions?|privileges?)\b",
    r"\brm -(?:rf|fr|r -f|f -r)\w? (?:--no-preserve-root )?[\"']?(?:/(?:\*|\s|$|[\"'`.,;])|~|\*|"
    r"\$home|\.git\b(?!\w|/)|\.\.?/?(?:\s|$|[\"'`,;]))",
    r"\bmkfs\b|\bdd if=[^\n]{0,40}of=/dev/|:\(\) ?\{|\bchmod (?:-r )?(?:0?777|0?666|a\+rwx)\b(?! "
    r"(?:hid|hides|was|is|made|makes|broke|lets?)\b)",
    r"\b(?:drop|delete|wipe|destroy|truncate|erase) (?:the |all |our )?(?:production|prod|live|"
    r"whole|entire|user|customer) (?:database|data|tables?|db|repository|repo|bucket|home)\b",
    r"\bverify ?= ?false\b|\bstricthostkeychecking[ =]no\b|\bnode_tls_reject_unauthorized ?= "
    r"?[\"']?0|\bsslverify[ =]false|--dangerously-[a-z-]+|--yolo\b|--privileged\b|"
    r"--cap-add[ =](?:all|sys_admin)",
    r"\b(?:disable|turn off|switch off|stop|kill|remove|bypass|escape|break out of|circumvent) "
    r"(?:the |all |any |your |its )?(?:(?:tls|ssl|certificate|signature) (?:verification|"
    r"validation|checks?)|firewall|sandbox|egress|proxy|seccomp|apparmor|selinux|guards?|"
    r"guardrails?|watchdog|coordinator|container isolation|authentication|authorization|"
    r"audit(?:ing)?|logging|redaction|rate limits?|budget|safety)\b",
    r"\b(?:add|append|write|echo|put|install|plant|insert|edit|"
    r"modify)\b…{0,80}(?:authorized_keys|\.bashrc|\.zshrc|\.profile\b|crontab|/etc/(?:passwd|"
    r"sudoers|cron)|\.git/(?:hooks|config))",
    r"\bback-?door|\bkey-?logger|\bcrypto-?miner|\bxmrig\b|\brootkit|\bmalware\b",
)
