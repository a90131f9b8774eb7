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

locals {
  summary = file("summary.txt")
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
