addon "" { # ERROR AG213
  backend = backend.postgres.main

  region "" {} # ERROR AG213

  plan "" { # ERROR AG213
    params = { connection_limit = 5 }
  }

  plan "many" {
    for_each = ["", "b"]
    id       = each.value # ERROR AG213
    params   = { connection_limit = 5 }
  }
}
