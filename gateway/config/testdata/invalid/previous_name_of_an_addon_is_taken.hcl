addon "acme-db" {
  backend = backend.postgres.main
  previously = ["acme-pg"] # ERROR AG207

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}

addon "acme-pg" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}
