locals {
  domain = "acme.example"
}
