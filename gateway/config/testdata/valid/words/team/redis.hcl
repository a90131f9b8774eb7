include "../shared" {}

backend "shell" "redis" {
  config {
    directory = "scripts"

    output "url" {
      type      = string
      sensitive = true
    }
  }
}

secrets "file" "team" {
  directory = "passwords"
}

variable "summary" {
  type    = string
  default = file("summary.txt")
}

locals {
  summary = file("summary.txt")
}

# Of this directory, and made by a backend of another.
addon "acme-team" {
  summary = var.summary
  backend = backend.postgres.main

  region "eu" {}

  plan "small" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("team:clever")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

addon "acme-redis" {
  summary     = local.summary
  description = templatefile("summary.txt", {})
  retired     = true
  backend     = backend.shell.redis

  region "eu" {}

  plan "small" {}

  plan "large" {}

  config_vars = {
    ACME_DB_REDIS_URL  = output.url
    ACME_DB_REDIS_NOTE = file("summary.txt")
    ACME_DB_DOMAIN     = local.domain
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
