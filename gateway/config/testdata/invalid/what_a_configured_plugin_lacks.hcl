backend "caller" "mail" {
  config {
    provision {
      path = "/accounts"
    }
  }
}

addon "acme-mail" {
  backend = backend.caller.mail

  region "eu" {}

  plan "starter" {
    params       = { tier = "s0" }
    rotate_every = "90d" # ERROR AG406
  }

  plan "growth" {
    params = { tier = "s1" }
  }

  plan_change { # WARNING AG228
    to     = ["starter"]
    allow  = false
    reason = "Plans stay."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
