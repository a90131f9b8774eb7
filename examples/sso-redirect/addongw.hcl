# Acme Notes has a web application of its own. Customers who open the add-on in
# the platform's dashboard come to it, signed in: the gateway checks the
# platform's sign-on and sends them on with a token.
#
# README.md says what is in the token, verify/ has three programs that check it.

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://addons.example.com" # where the platform reaches us
}

store "sqlite" {
  path = "addongw.db"
}

variable "page" {
  description = "The origin of our own page. Tokens are made for it."
  default     = "https://app.example.com"
}

# The account behind a resource is a file that scripts/provision writes.
backend "shell" "accounts" {
  config {
    directory = "scripts"

    output "account" {
      type = string
    }

    # The gateway makes this one itself and hands it to the scripts on standard
    # input.
    output "key" {
      type      = string
      generated = 32
    }
  }
}

addon "acme-notes" {
  name     = "Acme Notes"
  summary  = "Notes for your team"
  currency = "EUR"
  backend  = backend.shell.accounts

  region "eu" {
    title = "Europe"
  }

  plan "team" {
    description = "Notes for up to ten people."
    price       = 5
  }

  config_vars = {
    ACME_NOTES_URL = "${var.page}/api/${output.account}"
    ACME_NOTES_KEY = output.key
  }

  # Both of them together: without a redirect customers see the gateway's page,
  # and without a token your page could not tell who sends somebody.
  sso {
    redirect     = "${var.page}/partner-login?token=${sso.token}"
    token_secret = secret("env:SSO_TOKEN_SECRET")
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" } # their name = ours
  }
}
