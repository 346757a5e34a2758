"""What git is started with: a dozen variables, and settings that outrank all it may read."""

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
}

# by -c rather than by GIT_CONFIG_COUNT: it outranks every file git may still read
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.alternateRefsCommand=",
    "core.autocrlf=false",
    "core.fileMode=true",
    "core.symlinks=true",
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
    "diff.external=",
    # names are read by people: bytes in octal tell nobody which file is meant
    "core.quotePath=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    # a power cut must not leave a branch that names an object never written down
    "core.fsync=committed",
    "core.fsyncMethod=batch",
    # a worker process a core pays only in large trees: several trees are written at once here
    "checkout.workers=0",
    "checkout.thresholdForParallelism=5000",
)
HARDENED = ("git", "--no-pager", *(word for one in _SETTINGS for word in ("-c", one)))
