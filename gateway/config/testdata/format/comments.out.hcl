# A comment of the other kind.
## Twice.
gateway { # at the end
  listen = "127.0.0.1:8080" /* stays */
  # http://example.com is no comment of that kind
  base_url = "https://addons.acme.example" # https://
}
