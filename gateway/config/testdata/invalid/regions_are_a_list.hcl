addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params           = { connection_limit = 5 }
    connection_limit = 5 # ERROR AG202
  }

  platform "clevercloud" {
    password = [] # ERROR AG305
    sso_salt = secret("env:CLEVER_SALT")
    regions  = ["eu"] # ERROR AG305
  }
}
