// Command addongw-plugin-postgres serves the postgres backend to the gateway,
// which starts it.
package main

import (
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
)

func main() { backend.Serve(postgres.New()) }
