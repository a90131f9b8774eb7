backend "shell" "files" {
  config {
    directory = "scripts"
    env       = { TOKEN = secret("env:TOKEN") } # ERROR AG309

    output "url" {
      type = string
    }
  }
}

addon "files" {
  backend = backend.shell.files

  region "eu" {}
  plan "one" {}
}
