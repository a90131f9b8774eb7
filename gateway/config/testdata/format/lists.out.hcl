plan "hobby" {
  features = ["One database", "Five connections"]
  regions = [
    "eu",
    "us",
    "asia",
  ]
  platforms = [ # where it is sold
    "heroku",   # since 2026
    /* new */ "clevercloud",
    # "scalingo" comes later
  ]
  limits = [
    10,
    20,
  ]
  sizes = [
    { id = "a", price = 1 },
    { id = "b", price = 2 },
  ]
  nested = [[
    1,
    2,
  ], [3]]
  one = [{
    id = "c"
  }]
  empty = [
  ]
  item = local.sizes[
  0]
}
