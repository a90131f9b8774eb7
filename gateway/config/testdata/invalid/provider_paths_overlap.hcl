backend "servers" "main" {
  config {}
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    path     = "/acme"
  }
}

provider "nanobox" "one" {
  backend = backend.servers.main
  path    = "/acme/servers" # ERROR AG215

  region "eu" {}
}

provider "nanobox" "two" {
  backend = backend.servers.main
  path    = "/-/servers" # ERROR AG213

  region "eu" {}
}

provider "nanobox" "three" {
  backend = backend.servers.main
  path    = "/r/servers" # ERROR AG215

  region "eu" {}
}

provider "nanobox" "four" {
  backend = backend.servers.main
  path    = "/nanobox" # ERROR AG215

  region "eu" {}
}
