# Mailwind: a service with an HTTP API of its own, sold on three marketplaces
# without a line of code. A small Mailwind to try it with is in saas/.

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://addons.mailwind.example"
}

store "sqlite" {
  path = "addongw.db"
}

variable "api" {
  description = "Where Mailwind's API is. Your own: https://api.mailwind.example/v2"
  type        = string
  default     = "http://127.0.0.1:9090/v2"
}

backend "http" "mailwind" {
  timeouts {
    provision = "25s"
  }

  config {
    base_url          = var.api
    headers           = { Authorization = "Bearer ${secret("env:MAILWIND_PARTNER_TOKEN")}" }
    private_addresses = true # Mailwind is on this machine: remove it for one elsewhere
    timeout           = "5s"
    rate_limit        = 50

    output "account_id" {
      type = string
    }

    output "api_key" {
      type      = string
      sensitive = true
    }

    output "key_id" {
      type = string
    }

    output "sent" {
      type        = number
      measured    = true
      description = "E-mails sent this month."
    }

    # 202, and the header Location says where to ask until the account is there.
    # Whatever is lost on the way, the operation's id, which is sent as
    # Idempotency-Key, keeps it one account.
    provision {
      path    = "/accounts"
      body    = { external_ref = resource.id, tier = plan.params.tier }
      message = response.body.error.message

      poll {
        interval = "500ms"
      }

      outputs = {
        account_id = response.body.account.id
        api_key    = response.body.account.key
        key_id     = response.body.account.key_id
        sent       = try(response.body.account.sent, 0)
      }
    }

    change_plan {
      path     = "/accounts/${output.account_id}"
      body     = { tier = plan.params.tier }
      errors   = { "409" = "unsupported" }
      message  = response.body.error.message
      customer = response.body.error.message
    }

    suspend {
      path = "/accounts/${output.account_id}/suspend"
    }

    resume {
      path = "/accounts/${output.account_id}/resume"
    }

    # A second key beside the first, and then an end to one of them.
    rotate {
      path    = "/accounts/${output.account_id}/keys"
      outputs = { key_id = response.body.key_id, api_key = response.body.key }
    }

    rotate_commit {
      method = "DELETE"
      path   = "/accounts/${output.account_id}/keys/${old_output.key_id}"
    }

    rotate_abort {
      method = "DELETE"
      path   = "/accounts/${output.account_id}/keys/${new_output.key_id}"
    }

    read {
      path    = "/accounts/${output.account_id}"
      outputs = { sent = response.body.account.sent }
    }

    deprovision {
      path = "/accounts/${output.account_id}"
    }

    # For what was ordered and never answered: nobody knows its id.
    find {
      path  = "/accounts"
      query = { external_ref = resource.id }
      outputs = length(response.body) == 0 ? null : {
        account_id = response.body[0].id
        api_key    = response.body[0].key
        key_id     = response.body[0].key_id
        sent       = response.body[0].sent
      }
    }

    health {
      path = "/health"
    }
  }
}

addon "mailwind" {
  name        = "Mailwind"
  summary     = "Transactional e-mail."
  description = "Sends your application's e-mail."
  logo        = "https://mailwind.example/logo-100.png"
  support     = "support@mailwind.example"
  currency    = "EUR"
  backend     = backend.http.mailwind

  region "eu" {
    title = "Europe (Paris)"
  }

  plan "starter" {
    description = "1,000 e-mails a month."
    price       = 0
    params      = { tier = "s0" }
    limits      = { emails = 1000 }
  }

  plan "growth" {
    description = "50,000 e-mails a month."
    price       = 20
    params      = { tier = "s1" }
    limits      = { emails = 50000 }
  }

  plan_change {
    from   = ["growth"]
    to     = ["starter"]
    allow  = output.sent <= plan.limits.emails
    reason = "You have sent ${output.sent} e-mails this month; ${plan.name} has ${plan.limits.emails}."
  }

  config_vars = {
    MAILWIND_API_KEY = output.api_key
    MAILWIND_API_URL = var.api
  }

  messages {
    provision = "Mailwind is ready: send something."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" } # their name = ours
  }

  platform "scalingo" {
    password = secret("env:SCALINGO_PASSWORD")
    sso_salt = secret("env:SCALINGO_SSO_SALT")
  }

  platform "xervo" {
    password = secret("env:XERVO_PASSWORD")
    sso_salt = secret("env:XERVO_SSO_SALT")
    regions  = { "us-east-1" = "eu" }
  }
}
