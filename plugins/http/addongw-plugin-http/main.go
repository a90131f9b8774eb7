// Command addongw-plugin-http is the http backend as a plugin binary. The
// gateway starts it; see package http.
package main

import (
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/http"
)

func main() { backend.Serve(http.New()) }
