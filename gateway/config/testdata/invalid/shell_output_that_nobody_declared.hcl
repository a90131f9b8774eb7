backend "shell" "files" {
  config {
    directory = "scripts"

    output "url" {
      type = string
    }
  }
}

addon "files" {
  backend = backend.shell.files

  region "eu" {}
  plan "one" {}

  config_vars = {
    FILES_URL  = output.url
    FILES_USER = output.user # ERROR AG302
  }
}
