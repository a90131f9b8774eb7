db_hosts = {
  eu = "db.eu.acme.example"
  us = "db.us.acme.example"
}
