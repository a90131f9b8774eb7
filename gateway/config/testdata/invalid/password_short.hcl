addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = "short" # ERROR AG413 WARNING AG418
    sso_salt = "01234567890123456789012345678901234" # WARNING AG418
  }
}
