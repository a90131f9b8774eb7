backend "shell" "files" {
  config {
    directory = "scripts"

    output "url" {
      type = string
    }
  }
}

addon "acme-db" {
  backend = backend.shell.files

  region "eu" {}

  plan "files" {}

  plan "db" { # ERROR AG204
    backend = backend.postgres.main
  }
}
