addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {
    data = { host = null }
  }

  plan "free" {
    params = { connection_limit = 5 }
  }

  region "us" {
    data = { host = "db.us.acme.example" }
  }

  config_vars = {
    ACME_DB_HOST = "host ${region.data.host}" # ERROR AG311
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
