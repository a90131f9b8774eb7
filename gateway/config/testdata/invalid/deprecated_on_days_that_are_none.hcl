addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "old" {
    params = { connection_limit = 5 }

    deprecated {
      since = "30.11.2026" # ERROR AG213
      until = "2027-02-30" # ERROR AG213
    }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
