addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

include "team" {}

#-- team/team.hcl --
variable "host" { # ERROR AG204
  type = string
}

#-- team/addongw.vars.hcl --
host = "db"
