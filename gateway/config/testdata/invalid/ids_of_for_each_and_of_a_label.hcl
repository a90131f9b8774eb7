addon "acme-db" {
  backend = backend.postgres.main

  region "parts" {
    for_each = ["eu", "us", "asia"]
    id       = each.value
  }

  region "us" {} # ERROR AG207

  plan "size" {
    for_each = ["free", "small"]
    id       = each.value
    params   = { connection_limit = 5 }
  }

  plan "free" { # ERROR AG207
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
