backend "shell" "files" {
  config {
    directory = "scripts"
  }
}

addon "files" {
  backend = backend.shell.files

  region "eu" {}

  plan "one" {
    params = { quota = 5 }
  }

  plan "two" {}

  config_vars = {
    FILES_QUOTA = plan.params.quota # ERROR AG304
    FILES_SAFE  = try(plan.params.quota, 0)
    FILES_ALSO  = plan.id == "one" ? plan.params.quota : 0
  }
}
