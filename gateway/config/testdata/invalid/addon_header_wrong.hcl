addon "acme" "db" { # ERROR AG206
  backend = backend.postgres.main
}
