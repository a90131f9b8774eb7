# Values for this machine. Secrets: never in git, and readable by you alone.
# Where this file is not, they come from the environment variables that
# addongw.hcl names.

{{.Values}}
# Who makes the databases, and where. The role's rights are described in
# https://github.com/addongw/addongw/tree/main/plugins/postgres
# db_admin_url = "postgres://addongw:PASSWORD@127.0.0.1:5432/postgres"

# For a server without TLS, such as one on this machine:
# db_sslmode = "disable"
