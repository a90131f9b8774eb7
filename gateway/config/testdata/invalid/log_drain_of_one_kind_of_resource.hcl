addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password      = secret("env:CLEVER_PASSWORD")
    sso_salt      = secret("env:CLEVER_SSO_SALT")
    log_drain_url = output.username == "x" ? "https://logs.acme.example" : null # ERROR AG209
  }
}

addon "acme-cache" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password      = secret("env:CLEVER_PASSWORD")
    sso_salt      = secret("env:CLEVER_SSO_SALT")
    log_drain_url = (output.username == "x" ? "https://logs.acme.example" : "ftp://logs.acme.example") # ERROR AG213
  }
}
