addon "acme-db" {
  description = <<-EOT
      Keeps   its spaces,



    and // this, "${x}" and
    [1,
    2, 3]
    ${join(",", ["${x}"])}
  EOT
  list = [
    <<EOT
text
EOT
    , "b"]
  after   =   1
}
