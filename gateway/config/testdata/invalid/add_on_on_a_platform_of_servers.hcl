addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "nanobox" { # ERROR AG421
    password = "x"
  }
}
