addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "small" {
    params = { connection_limit = 5 }
    previously = ["free"]
  }

  plan "large" {
    params = { connection_limit = 5 }
    previously = ["free"] # ERROR AG207
  }
}
