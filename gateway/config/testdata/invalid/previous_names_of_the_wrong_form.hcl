backend "shell" "files" {
  previously = ["old"] # ERROR AG213

  config {
    directory = "scripts"
  }
}

addon "acme-db" {
  backend = backend.postgres.main
  previously = ["Acme DB"] # ERROR AG213

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
    previously = ["free plan"] # ERROR AG213
  }
}
