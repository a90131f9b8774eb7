backend "servers" "main" {
  config {}
}

addon "acme-db" {
  backend    = backend.postgres.main
  previously = ["tinyhost"] # ERROR AG207

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    id       = "acme-db"
    path     = "/clevercloud/acme-db"
  }
}

provider "nanobox" "tinyhost" {
  backend = backend.servers.main

  region "eu" {}
}
