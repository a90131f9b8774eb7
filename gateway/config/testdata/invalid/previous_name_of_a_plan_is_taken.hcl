addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "small" {
    params = { connection_limit = 5 }
    previously = ["free"] # ERROR AG207
  }
}
