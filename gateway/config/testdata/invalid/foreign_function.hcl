addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  config_vars = {
    ACME_DB_HOST = upcase(output.host) # ERROR AG307
    ACME_DB_NAME = output.port > 1 ? "a" : concatenate("a", "b") # ERROR AG307
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
