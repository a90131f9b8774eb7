backend "postgres" "other" {
  previously = ["postgres.other"] # ERROR AG207

  config {
    admin_url = secret("env:PG_OTHER_URL")
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}
