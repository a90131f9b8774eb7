addon "acme-db" {
  backend = backend.postgres.main
  previously = ["acme-db"] # ERROR AG207

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}
