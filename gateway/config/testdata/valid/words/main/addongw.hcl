# Every word about names, plans that differ, and signing on.
gateway {
  base_url = "https://addons.acme.example"
}

include "../team" {}

include "../shared" {}

backend "postgres" "main" {
  previously = ["postgres.old"]

  config {
    admin_url = secret("env:PG_ADMIN_URL")
    comment   = file("comment.txt")
  }
}

backend "postgres" "big" {
  config {
    admin_url = secret("env:PG_BIG_URL")
  }
}

backend "shell" "files" {
  config {
    directory = "scripts"

    output "url" {
      type = string
    }
  }
}

addon "acme-db" {
  name       = "Acme Postgres"
  previously = ["acme-postgres", "acme-pg"]
  backend    = backend.postgres.main

  region "eu" {
    title = "Europe"
    data  = { host = "db.eu.acme.example" }
  }

  region "us" {
    title   = "United States"
    backend = backend.postgres.big
    data    = { replica = "replica.us.acme.example" }
  }

  plan "hobby" {
    previously = ["free", "dev"]
    regions    = ["eu"]
    params     = { connection_limit = 5 }
  }

  plan "standard" {
    params = { connection_limit = 50 }
  }

  plan "archive" {
    backend   = backend.shell.files
    regions   = ["eu"]
    platforms = ["othercloud"]
    params    = { anything = "goes" }
  }

  plan "staff" {
    hidden = true
    params = { connection_limit = 1 }
  }

  plan "legacy" {
    params = { connection_limit = 20 }

    deprecated {
      since       = "2026-01-01"
      until       = "2026-12-31"
      replacement = "standard"
    }
  }

  plan "ancient" {
    params = { connection_limit = 20 }

    deprecated {
      message = "The plan Ancient ended. Write to help@acme.example."
    }
  }

  # Only what is sold together is checked: hobby is not sold in us, which has
  # no host, and only eu is sold without a replica.
  config_vars = {
    ACME_DB_PLACE = plan.id == "hobby" ? region.data.host : region.id
    ACME_DB_URL   = try(output.url, "postgres://${output.username}@${output.host}")
  }

  sso {
    session      = "1h"
    max_age      = "2m"
    redirect     = plan.id == "archive" ? null : "https://app.acme.example/partner?account=${resource.id}&token=${sso.token}"
    token_secret = secret("env:SSO_TOKEN_SECRET")
  }

  platform "clevercloud" {
    id              = "acme-postgres"
    path            = "/clevercloud/acme-postgres"
    password        = secret("env:CLEVER_PASSWORD")
    sso_salt        = secret("env:CLEVER_SSO_SALT")
    api_url         = "https://api.test.example/v2/"
    frame_ancestors = ["https://console.test.example", "https://CONSOLE.test.example:8443"]
    plan_names      = { hobby = "free" }
  }

  platform "othercloud" {
    id              = "acme-postgres"
    path            = "/othercloud/acme-postgres"
    password        = secret("env:CLEVER_PASSWORD")
    sso_salt        = secret("env:CLEVER_SSO_SALT")
    api_url         = "http://127.0.0.1:9999"
    frame_ancestors = []
    plan_names      = { hobby = "free" }
  }
}
