# {{.Name}}: an account at your own HTTP API for each customer.
#
# Replace what is asked of api.acme.example by what your API is asked, block by
# block; "addongw validate" checks every expression, offline.

gateway {
  base_url = "https://addons.example.com" # where the platform reaches you
}

# What was sold to whom. One file, made at the first start.
store "sqlite" {
  path = "addongw.db"
}

# Secrets: the values are in addongw.vars.hcl, or else in the environment.
variable "api_token" {
  description = "What we call your API with."
  type        = string
  sensitive   = true
  default     = secret("env:API_TOKEN") # unless addongw.vars.hcl sets api_token
}

{{.Variables}}
# All of it is described in
# https://github.com/addongw/addongw/tree/main/plugins/http
backend "http" "main" {
  config {
    base_url = "https://api.acme.example/v1" # every path below is appended to it
    headers  = { Authorization = "Bearer ${var.api_token}" }

    # For an API on this machine, or in a private network:
    # private_addresses = true

    # Every request that changes something has this header, with the same value
    # in each repeat, so that an order whose answer was lost makes one account.
    # Does your API not know such keys? Then write "".
    idempotency_header = "Idempotency-Key"

    # What provision reads from the answer, and so what config_vars may use.
    output "account_id" {
      type = string
    }

    output "api_key" {
      type      = string
      sensitive = true
    }

    # POST /v1/accounts, which answers 201 with {"id": "…", "key": "…"}.
    provision {
      path = "/accounts"
      body = { external_ref = resource.id, tier = plan.params.tier }

      outputs = {
        account_id = response.body.id
        api_key    = response.body.key
      }

      # Does it answer 202, and the work goes on? This asks until it is done:
      # poll {
      #   path = "/jobs/${response.body.job_id}"
      #   done = response.body.state == "done"
      # }
    }

    # PATCH /v1/accounts/ID. Without this block plans can't be changed.
    change_plan {
      path = "/accounts/${output.account_id}"
      body = { tier = plan.params.tier }
    }

    # DELETE /v1/accounts/ID. A 404 means that it is gone, which is the aim.
    deprovision {
      path = "/accounts/${output.account_id}"
    }

    # GET /v1/accounts?external_ref=… looks for what was ordered and never
    # answered: nobody knows its id. It answers with a list.
    find {
      path  = "/accounts"
      query = { external_ref = resource.id }

      outputs = length(response.body) == 0 ? null : {
        account_id = response.body[0].id
        api_key    = response.body[0].key
      }
    }

    # How the gateway asks whether your API works:
    # health {
    #   path = "/health"
    # }
  }
}

addon "{{.Addon}}" {
  name        = "{{.Name}}"
  summary     = "One line that makes customers curious"
  description = "What it does for an application, in two or three sentences."
  backend     = backend.http.main

  region "eu" {
    title = "Europe"
  }

  # Customers see plans in this order. Prices are in EUR per 30 days.
  plan "small" {
    description = "For trying things out."
    price       = 0
    params      = { tier = "s" }
  }

  plan "large" {
    description = "For work."
    price       = 20
    params      = { tier = "l" }
  }

  # What the customer's application finds in its environment. Every template is
  # checked before the gateway starts, for every plan, region and platform.
  config_vars = {
    {{.Prefix}}_URL = "https://${output.account_id}:${urlencode(output.api_key)}@api.acme.example/v1"
  }

{{.Platforms -}}
}
