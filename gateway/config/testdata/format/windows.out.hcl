addon "acme-db" {

  name        = "Acme"
  description = <<EOT
one


two
EOT
}
