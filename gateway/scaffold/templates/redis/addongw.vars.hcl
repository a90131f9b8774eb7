# Values for this machine. Secrets: never in git, and readable by you alone.
# Where this file is not, they come from the environment variables that
# addongw.hcl names.

{{.Values}}
# Servers for nobody but this machine. Remove it where customers are served.
local = true
