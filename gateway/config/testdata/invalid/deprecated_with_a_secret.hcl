addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "old" {
    params = { connection_limit = 5 }

    deprecated {
      message = "Ask for ${secret("env:WORD")}." # ERROR AG309
    }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
