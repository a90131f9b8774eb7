addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  config_vars = {
    ACME_DB_HASH = bcrypt(output.password) # ERROR AG299
  }
}
