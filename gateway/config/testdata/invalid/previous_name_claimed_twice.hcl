addon "acme-db" {
  backend = backend.postgres.main
  previously = ["acme-old"]

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}

addon "acme-pg" {
  backend = backend.postgres.main
  previously = ["acme-old"] # ERROR AG207

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}
