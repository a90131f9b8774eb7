locals {
  sizes = [
    { id = "hobby", connections = 5 }
    { id = "standard", connections = 50 }, # ERROR AG100
  ]
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "size" {
    for_each = local.sizes
    id       = each.value.id
    params   = { connection_limit = each.value.connections }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
