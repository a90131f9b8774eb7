// Command addongw-plugin-shell is the shell backend as a plugin binary. The
// gateway starts it; see package shell.
package main

import (
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/shell"
)

func main() { backend.Serve(shell.New()) }
