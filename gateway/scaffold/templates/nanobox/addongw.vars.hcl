# Values for this machine. Secrets: never in git, and readable by you alone.
# Where this file is not, they come from the environment variables that
# addongw.hcl names.

access_token = "{{secret}}"
