


addon "acme-db" {


  name = "Acme Postgres"   



  region "eu" {}
}



# the end  



