addon "acme-db" {
  backend = backend.postgres.main
  previously = "acme-old" # ERROR AG305

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}
