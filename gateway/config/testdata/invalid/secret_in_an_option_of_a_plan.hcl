addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params  = { connection_limit = 5 }
    options = { node = "small", key = secret("env:X") } # ERROR AG309
  }

  plan "big" {
    params  = { connection_limit = 5 }
    options = { disks = ["a", "b"] } # ERROR AG305
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
