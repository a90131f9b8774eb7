# Values for this machine. Secrets: never in git, and readable by you alone.
# Where this file is not, they come from the environment variables that
# addongw.hcl names.

{{.Values}}
# What we call your API with:
# api_token = "TOKEN"
