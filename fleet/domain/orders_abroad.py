"""Orders that a lesson must never give, in other languages than English: the commonest of each.

Accents may be missing. A blank stands for little or nothing between two words, `…` for a letter of
the same sentence.
"""
# ruff: noqa: RUF001 - letters that look like Latin ones are what is sought

_TESTS = {
    "de": r"(?:tests?|prüfung\w*|prufung\w*|pruefung\w*|checks?|hooks?|linter|pipeline|ci)\b",
    "es": r"(?:pruebas?|tests?|comprobaci\w+|verificaci\w+|validaci\w+|checks?|ci)\b",
    "fr": r"(?:tests?|v[ée]rifications?|contr[ôo]les?|validations?|ci)\b",
    "pt": r"(?:testes?|verifica\w+|valida\w+|checagens|ci)\b",
    "it": r"(?:test|verific\w+|controll\w+|ci)\b",
    "ru": r"(?:тест\w*|провер\w+|линтер\w*|хук\w*|пайплайн\w*|ci)\b",
}
_DE = r"(?:(?:alle|die|den|das|diese|fehlschlagenden?|fehlerhaften?|roten?|deine|einfach) ){0,4}"
_ES = r"(?:(?:todas?|todos?|las?|los|el|estas?|estos|tus|sus|fallidas|de) ){0,4}"
_FR = r"(?:(?:tous|toutes|les?|la|ces|tes|vos|cette) ){0,4}"
_PT = r"(?:(?:todos|todas|os?|as?|estes|estas|seus|suas) ){0,4}"
_IT = r"(?:(?:tutti|tutte|i|gli|le|la|il|questi|tuoi) ){0,4}"
_RU = (
    r"(?:(?:вс[еёю]\w?|эт[иу]\w?|любы\w|падающи\w|упавши\w|красны\w|сломанн\w+|свои|просто) "
    r"){0,4}"
)
_GERMAN = (
    r"(?:überspring|uberspring|ueberspring|deaktivier|lösch|losch|loesch|ignorier|umgeh|entfern)"
)

CHECKS = (
    rf"\b{_GERMAN}(?:e|en|t|st)? (?:sie )?{_DE}{_TESTS['de']}",
    rf"\b{_TESTS['de']} (?:einfach |immer |ruhig )?(?:zu )?{_GERMAN}en\b",
    rf"\bschalte {_DE}{_TESTS['de']} (?:ab|aus)\b|\bführe keine tests|\bfuhre keine tests",
    rf"\b(?:omit|salt|desactiv|deshabilit|ignor|elimin|borr|evit|sáltat|saltat|desactív)(?:a|e|"
    rf"ar|ir|en|an|as|es|elas?|alas?|emos)? {_ES}{_TESTS['es']}",
    rf"\bno (?:ejecut|corr)\w{{1,4}} {_ES}{_TESTS['es']}",
    rf"\b(?:ignor|saut|désactiv|desactiv|supprim|contourn)(?:e|er|ez|ons) {_FR}{_TESTS['fr']}",
    rf"\b(?:ignor|pul|desativ|desabilit|remov|apag)(?:e|ar|em) {_PT}{_TESTS['pt']}",
    rf"\b(?:ignor|salt|disattiv|disabilit|elimin|rimuov)(?:a|i|are|ate|ere) {_IT}{_TESTS['it']}",
    rf"\b(?:пропус\w+|пропуск\w+|отключ\w+|выключ\w+|удали\w*|удаля\w+|игнориру\w+|обойди\w*|"
    rf"обход\w+|закомментируй\w*) {_RU}{_TESTS['ru']}",
    rf"\bне (?:запуска\w+|прогоня\w+|выполня\w+|жди\w*) {_RU}{_TESTS['ru']}",
    r"(?:跳过|忽略|禁用|关闭|删除|绕过|屏蔽)\w{0,6}(?:测试|检查|校验|验证|钩子)",
    r"(?:テスト|チェック|検証)\w{0,4}(?:スキップ|無効|削除|無視)",
)
CREDENTIALS = (
    r"\b(?:gib|zeige?|drucke?|lies|kopiere?|sende?|schicke?|logge?|schreibe?) "
    r"…{0,40}(?:passw[oö]rt\w*|zugangsdaten|geheimnis\w*|schl[uü]ssel|umgebungsvariablen|"
    r"tokens?)\b",
    r"\b(?:imprim|muestr|lee|copi|env[ií]|public|mand|revel)\w{0,3}\b …{0,40}(?:contraseñas?|"
    r"contrasenas?|credenciales|secretos?|claves?|variables de entorno|tokens?)\b",
    r"\b(?:affich|imprim|copi|envoi|envoy|publi)\w{0,3}\b …{0,40}(?:mots? de passe|identifiants|"
    r"secrets?|cl[ée]s?|variables d.environnement|jetons?)\b",
    r"\b(?:выведи\w*|напечатай\w*|покажи\w*|прочитай\w*|прочти|скопируй\w*|отправ\w+|пришли\w*|"
    r"распечатай\w*|запиши\w*|залогируй\w*) …{0,40}(?:парол\w+|токен\w*|секрет\w*|ключ\w*|"
    r"переменн\w+ окружения|уч[её]тн\w+|\.ssh|\.env)",
    r"(?:打印|输出|上传|发送|读取|泄露|显示)\w{0,10}(?:密码|密钥|令牌|环境变量|凭证|凭据|秘密)",
)
OVERRIDE = (
    r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*|befolge) …{0,40}(?:anweisung\w*|regeln?|"
    r"vorgaben?|instruktion\w*|befehle?)\b",
    r"\b(?:ignor|olvid|descart|desobede)\w{1,4}\b …{0,40}(?:instrucciones|reglas|[óo]rdenes|"
    r"indicaciones|directrices)\b",
    r"\b(?:ignorez|ignorons|ignore (?:les|tes|vos|toutes)|oubli\w{1,3}|n.?ob[ée]i\w{1,4})\b "
    r"…{0,40}(?:instructions|r[èe]gles|consignes|ordres)\b",
    r"\b(?:ignor|esque[çc]|desconsider)\w{1,4}\b …{0,40}(?:instru[çc][õo]es|regras|ordens)\b",
    r"\b(?:ignor|dimentic)\w{1,4}\b …{0,40}(?:istruzioni|regole|ordini)\b",
    r"\b(?:проигнорируй\w*|игнориру\w+|забудь\w*|не следуй\w*|отмени\w*|нарушай\w*) "
    r"…{0,40}(?:инструкц\w+|указани\w+|правил\w*|команд\w*|распоряжени\w+)",
    r"(?:忽略|无视|忘记|不要遵守|不要理会)\w{0,10}(?:指令|指示|规则|提示|说明|命令)",
    r"(?:以前|これまで|上記|前)の\w{0,4}(?:指示|命令|ルール)\w{0,2}(?:無視|忘れ)",
)
ROLE = (
    r"\bdu bist (?:jetzt|nun|ab sofort|nicht mehr)\b|\bab sofort (?:bist|musst|ignorier)",
    r"\b(?:ahora eres|a partir de ahora,? (?:eres|debes|ignora)|ya no eres)\b",
    r"\btu es (?:maintenant|d[ée]sormais)\b|\bvous êtes maintenant\b",
    r"\b(?:ты|вы) (?:теперь|больше не|отныне)\b|\bотныне (?:ты|вы)\b",
    r"你现在是|从现在开始，?你|あなたは今",
)
SEND = (
    r"\b(?:отправ\w+|загруз\w+|перешл\w+|вылож\w+|скинь\w*) …{0,60}(?:https?:|сервер\w*|адрес\w*|"
    r"почт\w+)",
    r"\b(?:sende|schicke|lade|übertrage|ubertrage)n? …{0,60}(?:https?:|fremden server|an meinen)",
    r"\b(?:env[ií]|sub|mand|carg)\w{1,3}\b …{0,60}(?:https?:|servidor externo|mi servidor)",
    r"(?:发送|上传)\w{0,20}(?:到|至)\w{0,6}(?:服务器|https?:)",
)
REVIEW = (
    r"\b(?:одобр\w+|слей\w*|смерж\w+|влей\w*|прими\w*|мержи\w*) …{0,30}без (?:ревью|провер\w+|"
    r"одобрен\w+|просмотр\w*)",
    r"\b(?:merge|genehmige|übernimm|ubernimm|bestätige|bestatige)\w{0,2}\b …{0,40}ohne (?:review|"
    r"prüfung|prufung|freigabe|pruefung)",
    r"\b(?:aprueb|fusion|acept|integr)\w{1,3}\b …{0,40}sin (?:revisi[óo]n|aprobaci[óo]n|revisar)",
    r"\b(?:approuv|fusionn|accept)\w{1,3}\b …{0,40}sans (?:relecture|revue|approbation|"
    r"validation)",
    r"(?:批准|合并|通过)\w{0,10}(?:无需|不用|不经)\w{0,4}(?:审查|审核|评审)|(?:无需|不用|不经|跳过|绕过)\w{0,4}(?:审查|审核|评审|"
    r"批准)",
)
