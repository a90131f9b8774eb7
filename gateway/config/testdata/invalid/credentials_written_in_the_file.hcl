variable "password" {
  type      = string
  sensitive = true
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = "correct-horse-battery-staple-and-36-c" # WARNING AG418
    sso_salt = "k4mR8vZ2qT6wX0yB${"3nD7"}fG1hJ5lP9sUcE8aQo" # WARNING AG418
  }

  platform "needycloud" {
    password = var.password
    sso_salt = secret("env:NEEDY_SALT")
  }
}

addon "acme-other" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = "${var.password}"
    sso_salt = (20264137905577310) # WARNING AG418
  }
}
#-- addongw.vars.hcl --
password = "correct-horse-battery-staple-and-36-c"
#-- other.hcl.json --
{
  "addon": { "acme-json": {
    "backend": "backend.postgres.main",
    "region": { "eu": {} },
    "plan": { "free": { "params": { "connection_limit": 5 } } },
    "platform": { "clevercloud": {
      "sso_salt": "${secret(\"env:CLEVER_SALT\")}",
      "//": "WARNING AG418", "password": "correct-horse-battery-staple-and-36-c"
    } }
  } }
}
