backend "caller" "main" {
  config {
    provision {
      path = "/accounts?key=${secret("env:KEY")}" # ERROR AG303
      body = {
        text = try(file("text.md"), "none") # ERROR AG303
        zone = resource.name == null ? env("ZONE") : templatefile("zone.tmpl", {}) # ERROR AG303 ERROR AG303
        plan = plan.params.teir # the rest is looked at when these are gone
      }
    }

    dynamic "action" {
      for_each = ["create_server", "delete_server"]
      labels   = [action.value]

      content {
        path = "/servers/${action.value}" # ERROR AG303
        body = args
      }
    }
  }
}

addon "acme-mail" {
  backend = backend.caller.main

  region "eu" {}

  plan "starter" {
    params = { tier = "s0" }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
